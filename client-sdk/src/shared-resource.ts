import type { SluiceError } from './errors.ts';
import { RemoteResource } from './remote-resource.ts';
import type { Ending } from './subscriber.ts';

/** Somebody who needs what stands on the gateway. */
export interface ResourceUser {
  /** Tells of a failure. */
  fail(error: SluiceError): void;
  /** Nothing comes any more. */
  end(state: 'denied' | 'ended', ending: Ending): void;
}

/** What stands on the gateway once, however many use it, and as long as anybody does. */
export abstract class SharedResource<
  Open extends 'subscribe' | 'watch',
  User extends ResourceUser,
> extends RemoteResource<Open> {
  readonly users = new Set<User>();

  get wanted(): boolean {
    return this.users.size > 0;
  }

  remove(user: User): void {
    if (this.users.delete(user)) this.reconcileSoon();
  }

  refused(error: SluiceError): void {
    this.end('denied', { error });
  }

  fail(error: SluiceError): void {
    this.each((user) => user.fail(error));
  }

  /** For everybody, those aside who come meanwhile. */
  protected each(act: (user: User) => void): void {
    for (const user of [...this.users]) act(user);
  }

  /** Ends everybody's use of it. */
  end(state: 'denied' | 'ended', ending: Ending): void {
    const users = [...this.users];
    this.users.clear();
    this.stop();
    this.unused();
    for (const user of users) user.end(state, ending);
  }
}
