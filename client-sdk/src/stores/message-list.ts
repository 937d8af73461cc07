import { guard } from '../emitter.ts';
import type {
  Client,
  Gap,
  HistoryOptions,
  HistoryPage,
  Message,
  MessageFilter,
  Position,
  SluiceError,
  Start,
  Subscription,
  SubscriptionState,
} from '../index.ts';
import { hasReached } from '../position.ts';
import { type Entry, messageEntry, messagesOf } from './entry.ts';
import { Shared, type User } from './shared.ts';

/** An immutable snapshot of a message list. */
export interface MessagesSnapshot<M extends Message = Message> {
  /** Messages and gaps in order, oldest first. */
  readonly entries: readonly Entry<M>[];
  /** The messages without the gaps. */
  readonly messages: readonly M[];
  /** The state of the subscription. */
  readonly state: SubscriptionState;
  /** Why the subscription was refused or ended, or why older messages could not be read. */
  readonly error: SluiceError | undefined;
  /** Whether there may be messages older than the list. */
  readonly hasOlder: boolean;
  /** Whether `loadOlder` is reading. */
  readonly loading: boolean;
}

/** Handlers of a message list. */
export interface MessageHandlers<M extends Message = Message> {
  /**
   * Called for each replayed or live message; `state` distinguishes them. Not called for messages
   * that `loadOlder` reads.
   */
  readonly onMessage?: ((message: M, state: SubscriptionState) => void) | undefined;
  /** Called when messages were lost. Delivery pauses until the promise that it returns has settled. */
  readonly onGap?: ((gap: Gap) => unknown) | undefined;
  /** Called when the subscription's state changes. */
  readonly onState?: ((state: SubscriptionState) => void) | undefined;
}

export type ListUser<M extends Message> = User<MessageHandlers<M>>;

export interface ListSetup {
  readonly channel: string;
  readonly start: Start;
  readonly filter: MessageFilter | undefined;
  readonly keep: number;
  readonly page: number;
}

/** The snapshot before the first use. */
export const NO_MESSAGES: MessagesSnapshot<never> = Object.freeze({
  entries: Object.freeze([]),
  messages: Object.freeze([]),
  state: 'subscribing',
  error: undefined,
  hasOlder: false,
  loading: false,
});

// Factor by which the list may outgrow `keep` while it is held.
const HELD = 10;

/** The messages of a channel since a starting point, with gaps at their places. */
export class MessageList<M extends Message> extends Shared<MessagesSnapshot<M>, ListUser<M>> {
  readonly #setup: ListSetup;
  readonly #entries: Entry<M>[] = [];
  #subscription: Subscription | undefined;
  #state: SubscriptionState = 'subscribing';
  #error: SluiceError | undefined;
  // Aborts the page that is being read.
  #loading: AbortController | undefined;
  // The log has no messages before this position.
  #beginning: Position | undefined;
  #bound: number;
  #holds = 0;
  #gaps = 0;

  constructor(client: Client, setup: ListSetup) {
    super(client);
    this.#setup = setup;
    this.#bound = setup.keep;
  }

  /**
   * Subscribes unless there is an open subscription. After an interruption it resumes at the last
   * position.
   */
  open(): void {
    if (this.#subscription && this.#state !== 'ended' && this.#state !== 'denied') return;
    const { channel, start, filter } = this.#setup;
    const position = this.#subscription?.position;
    this.#subscription = undefined;
    this.#beginning = undefined;
    this.#state = 'subscribing';
    this.changed();
    this.#subscription = this.client.channel<M['data']>(channel).subscribe((message) => this.#receive(message as M), {
      ...(position ? { position } : start),
      ...(filter && { filter }),
      onGap: (gap) => this.#receiveGap(gap),
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

  /** Keeps the oldest entries while the user looks at them. */
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
    const { signal } = loading;
    try {
      const { page: limit, filter } = this.#setup;
      const options = { before: edge.offset, limit, ...(filter && { filter }), signal };
      this.#prepend(await this.#readOlder(options), edge);
      this.#error = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#error = error as SluiceError;
      // Another attempt would be refused again.
      if (!this.#error.retryable) this.#beginning = edge;
    }
    this.#loading = undefined;
    this.changed();
  }

  /** A page may have only messages that have expired, or that a filter does not let through: then reads on. */
  async #readOlder(options: HistoryOptions & { before: number }): Promise<HistoryPage<M['data']>> {
    const page = await this.client.channel<M['data']>(this.#setup.channel).history(options);
    const { messages, covers, first } = page;
    const isEnd = messages.length > 0 || !covers || covers.from <= first || covers.from >= options.before;
    return isEnd ? page : this.#readOlder({ ...options, before: covers.from });
  }

  #prepend({ epoch, first, messages, covers }: HistoryPage<M['data']>, edge: Position): void {
    // Another epoch is another log, whose offsets do not precede the list's.
    const older = epoch === edge.epoch ? messages : [];
    const gaps = this.#entries.findIndex(({ kind }) => kind === 'message');
    const last = this.#entries.at(gaps - 1);
    // A gap that the log can fill is none: if the page reaches up to the leading gaps, it replaces
    // them.
    const reached = covers?.to ?? older.at(-1)?.offset ?? 0;
    if (last?.kind === 'gap' && gaps !== 0 && older.length > 0 && isAt({ epoch, offset: reached }, last.gap.to))
      this.#entries.splice(0, gaps < 0 ? Infinity : gaps);
    this.#entries.unshift(...older.map((message) => messageEntry(message as M)));
    this.#bound = Math.max(this.#bound, this.#entries.length);
    const oldest = older[0];
    if (!oldest) this.#beginning = edge;
    else if ((covers?.from ?? oldest.offset) <= first) this.#beginning = oldest;
  }

  /** The position before which `loadOlder` reads. */
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

  #receiveGap(gap: Gap): Promise<unknown> | undefined {
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
    // Trimming must wait: the page that is being read joins the oldest entry.
    if (this.#loading || entries.length <= bound) return;
    const gone = entries.splice(0, entries.length - bound);
    // A gap at the front is kept only if it ends at the first message that is left.
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
