import type { Onlooker } from './onlooker.ts';
import { Roster } from './roster.ts';
import { SharedWire } from './shared-wire.ts';
import type { ChannelPush } from './wire.ts';

/** The one watch that a channel has on the wire, however many listen to who is present. */
export class Watch extends SharedWire<'watch', Onlooker> {
  readonly commands = ['watch', 'unwatch'] as const;
  roster = new Roster();

  add(onlooker: Onlooker): void {
    this.users.add(onlooker);
    // Not at once: nobody expects to be called before `subscribe` has returned.
    queueMicrotask(() => onlooker.tell(this.roster));
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
    if (push.type === 'unwatched') this.denied(push.reason);
    else if (push.type === 'presence' && this.roster.read(push)) {
      this.each((onlooker) => onlooker.tell(this.roster));
    }
  }
}
