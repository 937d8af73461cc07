import type { Client, Message, Position, SubscriptionState } from '@sluice/client';
import { type LiveMessages, liveMessages } from '@sluice/client/svelte';
import { type PersonState, readPersonState } from '../person-state.ts';
import { furthest } from '../seen-by.ts';
import { throttle } from '../throttle.ts';

/** Who has said nothing for so long does not write any more, in milliseconds. */
const SILENCE = 4000;
/** One's own news go out so often, in milliseconds. */
const INTERVAL = 1000;
/** After the last key one still counts as writing, in milliseconds. */
const PAUSE = 2500;
/** What those who come later shall know may be so old, in milliseconds. */
const SETTLED = 2000;

interface ActivitySetup {
  readonly room: string;
  readonly user: string;
  /** The last that is to be known of oneself, also to those who come later. */
  readonly settled: (state: PersonState) => void;
}

/**
 * What people in a room are about: the channel `typing:<room>`, which keeps nothing. Its rule gives slow readers the newest
 * of each person, which is all that counts.
 */
export class Activity {
  readonly #news: LiveMessages;
  readonly #setup: ActivitySetup;
  #typing = $state.raw<readonly string[]>([]);
  #readTo = $state.raw<ReadonlyMap<string, Position>>(new Map());
  readonly #silences = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #tell = throttle(() => this.#publish(), INTERVAL);
  #stop: (() => void) | undefined;
  #own: Position | undefined;
  #typedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, setup: ActivitySetup) {
    this.#setup = setup;
    // What was missed is out of date: nothing of it is kept.
    this.#news = liveMessages(client, `typing:${setup.room}`, {
      keep: 1,
      onMessage: (message) => this.#receive(message),
      onState: (state) => this.#follow(state),
    });
  }

  /** The others who write just now. */
  get typing(): readonly string[] {
    return this.#typing;
  }

  /** Up to where the others have read. */
  get readTo(): ReadonlyMap<string, Position> {
    return this.#readTo;
  }

  /** What a member's state says of oneself. */
  get settled(): PersonState {
    return this.#own === undefined ? {} : { readTo: this.#own };
  }

  enter(): void {
    this.#stop ??= this.#news.start();
  }

  leave(): void {
    if (this.#isTyping) this.typed(false);
    this.#stop?.();
    this.#stop = undefined;
    this.#forgetAll();
  }

  /** Somebody told something, on this channel or as a member's state. */
  hear(user: string, data: unknown): void {
    const { typing, readTo } = readPersonState(data);
    if (user === this.#setup.user) return;
    if (readTo !== undefined) {
      this.#readTo = new Map(this.#readTo).set(user, furthest(this.#readTo.get(user), readTo));
    }
    if (typing === true) this.#startTyping(user);
  }

  /** Writes no more: the message is here, or the person has gone. */
  forget(user: string): void {
    clearTimeout(this.#silences.get(user));
    this.#silences.delete(user);
    this.#typing = this.#typing.filter((other) => other !== user);
  }

  /** One writes; or not, because the message was sent or thrown away: that is told at once. */
  typed(writing: boolean): void {
    const before = this.#isTyping;
    this.#typedAt = writing ? Date.now() : 0;
    if (writing) this.#tell.call();
    else if (before) this.#tell.flush();
  }

  /** One has read up to here. */
  read({ epoch, offset }: Position): void {
    const own = furthest(this.#own, { epoch, offset });
    if (own === this.#own) return;
    this.#own = own;
    this.#tell.call();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#setup.settled(this.settled);
    }, SETTLED);
  }

  get #isTyping(): boolean {
    return Date.now() - this.#typedAt < PAUSE;
  }

  #follow(state: SubscriptionState): void {
    if (state === 'live' && this.#own !== undefined) this.#tell.call();
    else if (state === 'ended' || state === 'denied') this.#forgetAll();
  }

  #forgetAll(): void {
    this.#tell.cancel();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const user of this.#silences.keys()) this.forget(user);
  }

  #receive({ from, data }: Message<unknown>): void {
    if (from === undefined) return;
    if (readPersonState(data).typing !== true) this.forget(from);
    this.hear(from, data);
  }

  #startTyping(user: string): void {
    if (!this.#typing.includes(user)) this.#typing = [...this.#typing, user];
    clearTimeout(this.#silences.get(user));
    this.#silences.set(
      user,
      setTimeout(() => this.forget(user), SILENCE),
    );
  }

  #publish(): void {
    // Without a connection nobody hears it, and later it is not true any more.
    if (this.#stop === undefined || this.#news.state !== 'live') return;
    const state: PersonState = { typing: this.#isTyping, ...this.settled };
    this.#news.publish(state, { timeout: INTERVAL }).catch(() => {});
  }
}
