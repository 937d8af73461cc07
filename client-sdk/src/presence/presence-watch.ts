import type { ChannelPush } from '../remote-resource.ts';
import { SharedResource } from '../shared-resource.ts';
import { denied } from './denied.ts';
import type { PresenceSubscriber } from './presence-subscriber.ts';
import { Roster } from './roster.ts';

/** A channel's presence subscription on the gateway, shared by all its listeners. */
export class PresenceWatch extends SharedResource<'watch', PresenceSubscriber> {
  readonly commands = ['watch', 'unwatch'] as const;
  roster = new Roster();

  add(subscriber: PresenceSubscriber): void {
    this.users.add(subscriber);
    // Later, so that no handler runs before `subscribe` has returned.
    queueMicrotask(() => subscriber.follow(this.roster));
    this.reconcile();
  }

  open(): object {
    return {};
  }

  accept(): void {
    this.roster.restart();
  }

  override closing(): undefined {
    this.roster = new Roster();
  }

  receive(push: ChannelPush): void {
    // A push before the reply belongs to an earlier presence subscription.
    if (!this.on) return;
    if (push.type === 'unwatched') this.refuse(denied(this, push));
    else if (push.type === 'presence' && this.roster.read(push)) {
      this.each((subscriber) => subscriber.follow(this.roster));
    }
  }
}
