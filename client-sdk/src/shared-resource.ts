import type { SluiceError } from './errors.ts';
import { RemoteResource } from './remote-resource.ts';
import type { Ending } from './subscriber.ts';

/** A user of a shared resource. */
export interface ResourceUser {
  /** Reports a failure. */
  fail(error: SluiceError): void;
  /** The resource has ended. */
  end(state: 'denied' | 'ended', ending: Ending): void;
}

/** A resource that is open once, while it has users. */
export abstract class SharedResource<
  Open extends 'subscribe' | 'watch',
  User extends ResourceUser,
> extends RemoteResource<Open> {
  readonly users = new Set<User>();

  get wanted(): boolean {
    return this.users.size > 0;
  }

  forget(user: User): void {
    if (this.users.delete(user)) this.reconcileSoon();
  }

  refuse(error: SluiceError): void {
    this.end('denied', { error });
  }

  fail(error: SluiceError): void {
    this.each((user) => user.fail(error));
  }

  /** Calls `act` for all users, except those that are added meanwhile. */
  protected each(act: (user: User) => void): void {
    for (const user of [...this.users]) act(user);
  }

  /** Ends it for all users. */
  end(state: 'denied' | 'ended', ending: Ending): void {
    const users = [...this.users];
    this.users.clear();
    this.halt();
    this.unused();
    for (const user of users) user.end(state, ending);
  }
}
