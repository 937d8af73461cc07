import type { ChannelPush } from '../remote-resource.ts';
import { SharedResource } from '../shared-resource.ts';
import { denied } from './denied.ts';
import type { PresenceSubscriber } from './presence-subscriber.ts';
import { Roster } from './roster.ts';

/** The one watch that a channel has on the gateway, however many listen to who is present. */
export class PresenceWatch extends SharedResource<'watch', PresenceSubscriber> {
  readonly commands = ['watch', 'unwatch'] as const;
  roster = new Roster();

  add(subscriber: PresenceSubscriber): void {
    this.users.add(subscriber);
    // Not at once: nobody expects to be called before `subscribe` has returned.
    queueMicrotask(() => subscriber.follow(this.roster));
    this.reconcile();
  }

  open(): object {
    return {};
  }

  accepted(): void {
    this.roster.restart();
  }

  override closing(): void {
    this.roster = new Roster();
  }

  receive(push: ChannelPush): void {
    // Before the reply to watch a push belongs to an earlier watch.
    if (!this.on) return;
    if (push.type === 'unwatched') this.refused(denied(this, push.reason));
    else if (push.type === 'presence' && this.roster.read(push)) {
      this.each((subscriber) => subscriber.follow(this.roster));
    }
  }
}
