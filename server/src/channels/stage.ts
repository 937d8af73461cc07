import type { PresenceRule } from '../auth/rule.ts';
import type { PresenceChange } from '../engine/presence.ts';
import type { Wire } from '../protocols/protocol.ts';
import type { Timer } from '../util/clock.ts';
import type { Audience } from './channel.ts';
import type { Watcher } from './watcher.ts';

/** A channel whose members somebody on this node watches. */
export class Stage {
  readonly channel: string;
  readonly rule: PresenceRule;
  readonly watchers = new Set<Watcher>();
  readonly audiences: Audience[] = [];
  /** The latest change of each user since the last fan-out. */
  pending = new Map<string, PresenceChange>();
  /** Too many members to list: only their number is told. */
  counting = false;
  /** When changes last went out: milliseconds since the Unix epoch. */
  toldAt = 0;
  /** The total that was last told. */
  toldTotal = -1;
  /** Runs until changes may go out again. */
  timer: Timer | undefined;

  constructor(channel: string, rule: PresenceRule) {
    this.channel = channel;
    this.rule = rule;
  }

  audience(wire: Wire): Audience {
    let audience = this.audiences.find((candidate) => candidate.wire === wire);
    if (audience === undefined) {
      // "!" stands in no channel's name and in no other topic.
      audience = { wire, topic: `${wire.id}!${this.channel}`, live: 0 };
      this.audiences.push(audience);
    }
    return audience;
  }
}
