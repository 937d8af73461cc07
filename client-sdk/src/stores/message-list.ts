import { guard } from '../emitter.ts';
import type {
  Client,
  Gap,
  HistoryPage,
  Message,
  Position,
  SluiceError,
  Start,
  Subscription,
  SubscriptionState,
} from '../index.ts';
import { hasReached } from '../position.ts';
import { type Entry, messageEntry, messagesOf } from './entry.ts';
import { Shared, type User } from './shared.ts';

/** What a list of messages shows. */
export interface MessagesSnapshot<M extends Message = Message> {
  /** Messages and gaps in their order, the oldest first. */
  readonly entries: readonly Entry<M>[];
  /** The messages alone. */
  readonly messages: readonly M[];
  /** Where the subscription stands. */
  readonly state: SubscriptionState;
  /** Why it was refused or has ended, or why older messages could not be read. */
  readonly error: SluiceError | undefined;
  /** May there be older messages than those in the list? */
  readonly hasOlder: boolean;
  /** Older messages are being read. */
  readonly loading: boolean;
}

/** What one who uses a list hears besides that it changed. */
export interface MessageHandlers<M extends Message = Message> {
  /** A message has come, from the past or just now, which `state` tells; not for those that `loadOlder` reads. */
  readonly onMessage?: ((message: M, state: SubscriptionState) => void) | undefined;
  /** Messages were lost. While the promise that it returns is pending, what follows is held back. */
  readonly onGap?: ((gap: Gap) => unknown) | undefined;
  /** The subscription has come to this state. */
  readonly onState?: ((state: SubscriptionState) => void) | undefined;
}

export type ListUser<M extends Message> = User<MessageHandlers<M>>;

export interface ListSetup {
  readonly channel: string;
  readonly start: Start;
  readonly keep: number;
  readonly page: number;
}

/** What a list is before it lives. */
export const NO_MESSAGES: MessagesSnapshot<never> = Object.freeze({
  entries: Object.freeze([]),
  messages: Object.freeze([]),
  state: 'subscribing',
  error: undefined,
  hasOlder: false,
  loading: false,
});

// While somebody holds it, the list may grow to so many times what it keeps.
const HELD = 10;

/** The messages of a channel, from a page of the past on, with gaps in their places. */
export class MessageList<M extends Message> extends Shared<MessagesSnapshot<M>, ListUser<M>> {
  readonly #setup: ListSetup;
  readonly #entries: Entry<M>[] = [];
  #subscription: Subscription | undefined;
  #state: SubscriptionState = 'subscribing';
  #error: SluiceError | undefined;
  // Aborts the page that is being read.
  #loading: AbortController | undefined;
  // Before this place the log holds nothing.
  #beginning: Position | undefined;
  #bound: number;
  #holds = 0;
  #gaps = 0;

  constructor(client: Client, setup: ListSetup) {
    super(client);
    this.#setup = setup;
    this.#bound = setup.keep;
  }

  /** Subscribes, where no subscription stands; after a break it goes on from where it was. */
  open(): void {
    if (this.#subscription && this.#state !== 'ended' && this.#state !== 'denied') return;
    const { channel, start } = this.#setup;
    const position = this.#subscription?.position;
    this.#subscription = undefined;
    this.#beginning = undefined;
    this.#state = 'subscribing';
    this.changed();
    this.#subscription = this.client.channel<M['data']>(channel).subscribe((message) => this.#receive(message as M), {
      ...(position ? { position } : start),
      onGap: (gap) => this.#break(gap),
      onState: (state) => this.#follow(state),
      onError: (error) => this.#fail(error),
    });
  }

  close(): void {
    this.#subscription?.unsubscribe();
    this.#loading?.abort();
  }

  build(): MessagesSnapshot<M> {
    const entries = [...this.#entries];
    return {
      entries,
      messages: messagesOf(entries),
      state: this.#state,
      error: this.#error,
      hasOlder: this.#hasOlder,
      loading: this.#loading !== undefined,
    };
  }

  /** Keeps the oldest entries while somebody looks at them. */
  hold(): () => void {
    let released = false;
    this.#holds++;
    return () => {
      if (released) return;
      released = true;
      if (--this.#holds > 0) return;
      this.#bound = this.#setup.keep;
      this.#trim();
      this.changed();
    };
  }

  async loadOlder(): Promise<void> {
    const edge = this.#edge;
    if (!edge || this.#loading || !this.#hasOlder) return;
    const loading = new AbortController();
    this.#loading = loading;
    this.changed();
    const { channel, page: limit } = this.#setup;
    const { signal } = loading;
    try {
      const page = await this.client.channel<M['data']>(channel).history({ before: edge.offset, limit, signal });
      this.#prepend(page, edge);
      this.#error = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#error = error as SluiceError;
      // It would be refused each time.
      if (!this.#error.retryable) this.#beginning = edge;
    }
    this.#loading = undefined;
    this.changed();
  }

  #prepend({ epoch, first, messages }: HistoryPage<M['data']>, edge: Position): void {
    // Another epoch is another log: its offsets say nothing about what came before these.
    const older = epoch === edge.epoch ? messages : [];
    const gaps = this.#entries.findIndex(({ kind }) => kind === 'message');
    const last = this.#entries.at(gaps - 1);
    // What the log still holds is no gap: the gaps before the first message go where the page reaches up to them.
    if (last?.kind === 'gap' && gaps !== 0 && isAt(older.at(-1), last.gap.to))
      this.#entries.splice(0, gaps < 0 ? Infinity : gaps);
    this.#entries.unshift(...older.map((message) => messageEntry(message as M)));
    this.#bound = Math.max(this.#bound, this.#entries.length);
    const oldest = older[0];
    if (!oldest) this.#beginning = edge;
    else if (oldest.offset <= first) this.#beginning = oldest;
  }

  /** Older messages are those before this place. */
  get #edge(): Position | undefined {
    const oldest = this.#entries.find((entry) => entry.kind === 'message')?.message;
    const position = this.#subscription?.position;
    return oldest ?? (position && { epoch: position.epoch, offset: position.offset + 1 });
  }

  get #hasOlder(): boolean {
    const edge = this.#edge;
    if (!edge || edge.offset <= 1) return false;
    return !isAt(this.#beginning, edge);
  }

  #receive(message: M): void {
    this.#append(messageEntry(message));
    for (const { onMessage } of this.handlers) guard(onMessage, message, this.#state);
  }

  #break(gap: Gap): Promise<unknown> | undefined {
    this.#append({ kind: 'gap', key: `gap ${this.#gaps++}`, gap });
    const works = [...this.handlers].map(({ onGap }) => guard(onGap, gap)).filter(isPromise);
    return works.length > 0 ? Promise.all(works) : undefined;
  }

  #append(entry: Entry<M>): void {
    this.#entries.push(entry);
    this.#trim();
    this.changed();
  }

  #trim(): void {
    const entries = this.#entries;
    const bound = this.#holds > 0 ? Math.max(this.#bound, this.#setup.keep * HELD) : this.#bound;
    // What is being read is to join the oldest entry.
    if (this.#loading || entries.length <= bound) return;
    const gone = entries.splice(0, entries.length - bound);
    // A gap tells what is missing between two messages; it stays where it tells of those that are left.
    while (entries[0]?.kind === 'gap' && entries[1]) gone.push(...entries.splice(0, 1));
    const [first] = entries;
    const gap = gone.findLast(({ kind }) => kind === 'gap');
    if (first?.kind === 'message' && gap?.kind === 'gap' && hasReached(gap.gap.to, first.message)) entries.unshift(gap);
  }

  #follow(state: SubscriptionState): void {
    this.#state = state;
    if (state === 'live') this.#error = undefined;
    this.changed();
    for (const { onState } of this.handlers) guard(onState, state);
  }

  #fail(error: SluiceError): void {
    this.#error = error;
    this.changed();
  }
}

function isAt(one: Position | undefined, other: Position): boolean {
  return one?.epoch === other.epoch && one.offset === other.offset;
}

function isPromise(work: unknown): work is PromiseLike<unknown> {
  return typeof (work as PromiseLike<unknown> | undefined)?.then === 'function';
}
