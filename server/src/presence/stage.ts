import { Audience, Audiences } from '../channels/audience.ts';
import type { PresenceChange } from '../engine/presence.ts';
import type { PresenceRule } from '../rule.ts';
import type { Timer } from '../util/clock.ts';
import type { Watcher } from './watcher.ts';

/** A channel whose members somebody on this node watches. */
export class Stage {
  readonly channel: string;
  readonly rule: PresenceRule;
  readonly watchers = new Set<Watcher>();
  // "!" is in no channel's name and in no other topic.
  readonly audiences = new Audiences((wire, variant) => new Audience(wire, variant, `!${this.channel}`));
  /** The latest change of each user since the last fan-out; `null`: too many, the whole list is shorter. */
  #news: Map<string, PresenceChange> | null = new Map();
  /** Are there too many members to list, so that only their number is told? `undefined`: nobody was told anything yet. */
  counting: boolean | undefined;
  /** When changes last went out, by the monotonic clock. */
  toldAt = Number.NEGATIVE_INFINITY;
  /** The total that all live watchers were told last, while counting. */
  toldTotal: number | undefined;
  /** What the live watchers were told last is as it stood at this version. */
  toldVersion = 0;
  /** The store is being asked what to tell. */
  telling = false;
  /** There is more to tell, when that is done. */
  toTellAgain = false;
  /** Runs until changes may go out again. */
  timer: Timer | undefined;

  constructor(channel: string, rule: PresenceRule) {
    this.channel = channel;
    this.rule = rule;
  }

  /** Keeps a change until it goes out. Never more than the list could be long, so that it does not matter how many come and go. */
  note(change: PresenceChange): void {
    if (this.counting === true || this.#news === null) return;
    this.#news.delete(change.user); // to the end: they go out in the order of versions
    this.#news.set(change.user, change);
    if (this.#news.size > this.rule.listUpTo * 2 + 10) this.#news = null;
  }

  /** Gives up on telling the changes one by one. */
  relist(): void {
    this.#news = null;
  }

  /** What has been noted since it was last asked. `null`: the whole list has to go out. */
  takeNews(): readonly PresenceChange[] | null {
    const news = this.#news;
    this.#news = new Map();
    return news === null ? null : [...news.values()];
  }
}
