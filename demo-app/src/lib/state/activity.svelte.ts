import type { Client, Message, Position, SubscriptionState } from '@sluice/client';
import { type LiveMessages, liveMessages } from '@sluice/client/svelte';
import { type PersonState, readPersonState } from '../person-state.ts';
import { furthest } from '../seen-by.ts';
import { throttle } from '../throttle.ts';

/** After this time without an update, another user no longer counts as typing, in milliseconds. */
const TYPING_TIMEOUT = 4000;
/** Minimum interval between updates of the own user, in milliseconds. */
const PUBLISH_INTERVAL = 1000;
/** How long the own user counts as typing after the last key, in milliseconds. */
const TYPING_PAUSE = 2500;
/** Delay before the own member state is updated, in milliseconds. */
const STATE_DELAY = 2000;

interface ActivitySetup {
  readonly room: string;
  readonly user: string;
  /** Called with the own state for the member state, which users who join later also receive. */
  readonly settled: (state: PersonState) => void;
}

/**
 * The activity of people in a room: the channel `typing:<room>`, which has no history. Its rule sends
 * slow readers only the newest message of each person.
 */
export class Activity {
  readonly #news: LiveMessages;
  readonly #setup: ActivitySetup;
  #typing = $state.raw<readonly string[]>([]);
  #readTo = $state.raw<ReadonlyMap<string, Position>>(new Map());
  readonly #typingTimers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #publishSoon = throttle(() => this.#publish(), PUBLISH_INTERVAL);
  #stop: (() => void) | undefined;
  #own: Position | undefined;
  #typedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, setup: ActivitySetup) {
    this.#setup = setup;
    // Missed updates are outdated and not kept.
    this.#news = liveMessages(client, `typing:${setup.room}`, {
      keep: 1,
      onMessage: (message) => this.#receive(message),
      onState: (state) => this.#follow(state),
    });
  }

  /** The other users who are typing. */
  get typing(): readonly string[] {
    return this.#typing;
  }

  /** The last read positions of the other users. */
  get readTo(): ReadonlyMap<string, Position> {
    return this.#readTo;
  }

  /** The own member state. */
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
    this.#clear();
  }

  /** Applies a state of a user, from this channel or from a member state. */
  update(user: string, data: unknown): void {
    const { typing, readTo } = readPersonState(data);
    if (user === this.#setup.user) return;
    if (readTo !== undefined) {
      this.#readTo = new Map(this.#readTo).set(user, furthest(this.#readTo.get(user), readTo));
    }
    if (typing === true) this.#startTyping(user);
  }

  /** Stops showing a user as typing, because the message arrived or the user left. */
  forget(user: string): void {
    clearTimeout(this.#typingTimers.get(user));
    this.#typingTimers.delete(user);
    this.#typing = this.#typing.filter((other) => other !== user);
  }

  /** The own user is typing, or has sent or discarded the message, which is published at once. */
  typed(writing: boolean): void {
    const before = this.#isTyping;
    this.#typedAt = writing ? Date.now() : 0;
    if (writing) this.#publishSoon.call();
    else if (before) this.#publishSoon.flush();
  }

  /** The own user has read up to this position. */
  read({ epoch, offset }: Position): void {
    const own = furthest(this.#own, { epoch, offset });
    if (own === this.#own) return;
    this.#own = own;
    this.#publishSoon.call();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#setup.settled(this.settled);
    }, STATE_DELAY);
  }

  get #isTyping(): boolean {
    return Date.now() - this.#typedAt < TYPING_PAUSE;
  }

  #follow(state: SubscriptionState): void {
    if (state === 'live' && this.#own !== undefined) this.#publishSoon.call();
    else if (state === 'ended' || state === 'denied') this.#clear();
  }

  #clear(): void {
    this.#publishSoon.cancel();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const user of this.#typingTimers.keys()) this.forget(user);
  }

  #receive({ from, data }: Message<unknown>): void {
    if (from === undefined) return;
    if (readPersonState(data).typing !== true) this.forget(from);
    this.update(from, data);
  }

  #startTyping(user: string): void {
    if (!this.#typing.includes(user)) this.#typing = [...this.#typing, user];
    clearTimeout(this.#typingTimers.get(user));
    this.#typingTimers.set(
      user,
      setTimeout(() => this.forget(user), TYPING_TIMEOUT),
    );
  }

  #publish(): void {
    // Do not queue updates: they would be outdated when the client reconnects.
    if (this.#stop === undefined || this.#news.state !== 'live') return;
    const state: PersonState = { typing: this.#isTyping, ...this.settled };
    this.#news.publish(state, { timeout: PUBLISH_INTERVAL }).catch(() => {});
  }
}
