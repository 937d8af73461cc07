import type { PresencePush } from '@sluice/protocol';
import { ENGINE_RETRY, LOW_WATER, PAGE_BYTES } from '../channels/budgets.ts';
import type { PresenceChange, PresenceStore, Roster, RosterPage } from '../engine/presence.ts';
import type { EventBus } from '../events.ts';
import type { Wire } from '../protocols/protocol.ts';
import type { Fanout } from '../transport/connection.ts';
import { changePushes, countPush, encodePushes, listPushes, mustCount } from './presence-pushes.ts';
import type { Stage } from './stage.ts';
import type { Watcher } from './watcher.ts';

export interface HeraldOptions {
  readonly store: PresenceStore;
  readonly fanout: Fanout;
  readonly events: EventBus;
  /** Bytes that may wait for one connection. */
  readonly outbound: number;
  /** Tells the stage's watchers anew after so many milliseconds. */
  readonly tellIn: (stage: Stage, wait: number) => void;
  readonly serveLater: (watcher: Watcher) => void;
}

/**
 * Says who is present: to all who watch, and to one who does not know yet. SPEC.md section 9.
 *
 * Answers of the store may come later, and be overtaken by changes: what has a lower version than what was told already is asked for again.
 */
export class Herald {
  readonly #options: HeraldOptions;
  readonly #mostBytes: number;
  readonly #lowWater: number;
  /** Lists that were encoded in this turn. */
  readonly #encoded = new Map<Stage, { version: number; frames: Map<Wire, readonly Uint8Array[]> }>();

  constructor(options: HeraldOptions) {
    this.#options = options;
    // Together they fit into a connection's buffer, half of `outbound`; or a list could never be sent without overflowing it.
    this.#mostBytes = Math.min(PAGE_BYTES, options.outbound / 4);
    this.#lowWater = Math.min(LOW_WATER, options.outbound / 8);
  }

  /** Tells all who are live what has changed. At most as many bytes as the list has, however many have come and gone. */
  tell(stage: Stage): void {
    if (stage.telling) {
      stage.toTellAgain = true;
      return;
    }
    stage.telling = true;
    const news = stage.takeNews();
    this.#ask(stage, this.#options.store.roster(stage.channel), (roster) => this.#tellRoster(stage, roster, news));
  }

  #tellRoster(stage: Stage, roster: Roster, news: readonly PresenceChange[] | null): void {
    const counted = stage.counting === true;
    stage.counting = mustCount(stage, roster, this.#mostBytes);
    stage.toldVersion = roster.version;
    const pushes = stage.counting || counted || news === null ? null : this.#changePushes(stage, roster, news);
    if (pushes === null && !stage.counting) {
      this.#ask(stage, this.#list(stage), (page) => this.#tellList(stage, page));
      return;
    }
    this.#publish(stage, pushes ?? this.#countPushes(stage, roster, counted));
    this.#told(stage);
  }

  #changePushes(stage: Stage, roster: Roster, changes: readonly PresenceChange[]): readonly PresencePush[] | null {
    return changePushes({ channel: stage.channel, roster, changes }, this.#mostBytes);
  }

  #countPushes(stage: Stage, roster: Roster, counted: boolean): readonly PresencePush[] {
    // The first one also tells that the list known before is over.
    const news = !counted || roster.total !== stage.toldTotal;
    stage.toldTotal = roster.total;
    return news ? [countPush(stage.channel, roster)] : [];
  }

  /** The whole list, encoded once for all. */
  #tellList(stage: Stage, page: RosterPage): void {
    if (mustCount(stage, page, this.#mostBytes)) {
      stage.relist(); // they have become more since
      stage.toTellAgain = true;
    } else {
      this.#publish(stage, listPushes(stage.channel, page));
      stage.toldVersion = page.version;
    }
    this.#told(stage);
  }

  #told(stage: Stage): void {
    stage.telling = false;
    if (stage.toTellAgain) this.#options.tellIn(stage, stage.rule.interval);
    stage.toTellAgain = false;
    for (const watcher of stage.watchers) if (watcher.state === 'behind') this.#options.serveLater(watcher);
  }

  #publish(stage: Stage, pushes: readonly PresencePush[]): void {
    let bytes = 0;
    for (const { wire, topic, live } of stage.audiences) {
      if (live === 0) continue;
      for (const frame of encodePushes(wire, pushes)) {
        this.#options.fanout.publish(topic, frame, wire.binary);
        bytes += frame.byteLength * live;
      }
    }
    if (bytes > 0) this.#options.events.emit('presenceTold', { channel: stage.channel, bytes });
  }

  /** May the watcher be sent a list now? */
  hasRoom({ subscriber: { connection } }: Watcher): boolean {
    return connection.hasRoom(this.#lowWater);
  }

  /**
   * Tells one watcher who is present; from then on it is live.
   *
   * @returns the work that it was, in members
   */
  serve(watcher: Watcher): number {
    const { stage } = watcher;
    const { store } = this.#options;
    watcher.reading = true;
    const known: Roster | RosterPage | Promise<Roster | RosterPage> =
      stage.counting === true ? store.roster(stage.channel) : this.#list(stage);
    const done = () => {
      watcher.reading = false;
    };
    const start = (roster: Roster | RosterPage) => {
      done();
      if (watcher.state === 'behind') this.#start(watcher, roster);
    };
    this.#ask(stage, known, start, done);
    return 1 + lengthOf(known);
  }

  #start(watcher: Watcher, known: Roster | RosterPage): void {
    const { stage } = watcher;
    if (known.version < stage.toldVersion) {
      this.#options.serveLater(watcher);
      return;
    }
    stage.counting ??= mustCount(stage, known, this.#mostBytes);
    // They have become too many, or few enough again: everybody is told so with the changes that are still to go out, then this watcher too.
    if (mustCount(stage, known, this.#mostBytes) !== stage.counting) return;
    if (!this.hasRoom(watcher)) return;
    if (stage.counting) this.#sendCount(watcher, known);
    else if ('members' in known) this.#send(watcher, this.#encodeList(watcher, known));
    else this.#options.serveLater(watcher);
  }

  #sendCount(watcher: Watcher, roster: Roster): void {
    const { stage, subscriber } = watcher;
    if (stage.audiences.silent) stage.toldTotal = roster.total;
    else if (roster.total !== stage.toldTotal) stage.toldTotal = undefined; // somebody knows another one than the rest
    this.#send(watcher, encodePushes(subscriber.wire, [countPush(stage.channel, roster)]));
  }

  #encodeList({ stage, subscriber: { wire } }: Watcher, page: RosterPage): readonly Uint8Array[] {
    let encoded = this.#encoded.get(stage);
    if (encoded?.version !== page.version) {
      encoded = { version: page.version, frames: new Map() };
      this.#encoded.set(stage, encoded);
    }
    const frames = encoded.frames.get(wire) ?? encodePushes(wire, listPushes(stage.channel, page));
    encoded.frames.set(wire, frames);
    return frames;
  }

  #send(watcher: Watcher, frames: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const frame of frames) {
      watcher.subscriber.sendFrame(frame);
      bytes += frame.byteLength;
    }
    watcher.charge(bytes);
    watcher.goLive();
    this.#options.events.emit('presenceTold', { channel: watcher.stage.channel, bytes });
  }

  /** The turn is over: what was encoded may have changed by the next. */
  forgetEncoded(): void {
    if (this.#encoded.size > 0) this.#encoded.clear();
  }

  #list({ channel, rule }: Stage): RosterPage | Promise<RosterPage> {
    return this.#options.store.list(channel, 0, rule.listUpTo + 1);
  }

  /** Goes on with the store's answer, at once or when it arrives. When the store is away, all is told anew a little later. */
  #ask<T>(stage: Stage, answer: T | Promise<T>, use: (answer: T) => void, failed: () => void = () => {}): void {
    if (!(answer instanceof Promise)) {
      use(answer);
      return;
    }
    answer.then(use).catch((error: unknown) => {
      failed();
      this.#options.events.emit('fault', { where: 'presence: the members could not be read', error });
      stage.telling = false;
      stage.relist();
      this.#options.tellIn(stage, ENGINE_RETRY);
    });
  }
}

function lengthOf(known: Roster | RosterPage | Promise<unknown>): number {
  return 'members' in known ? known.members.length : 0;
}
