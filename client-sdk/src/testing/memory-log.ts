import type {
  HistoryCommand,
  HistoryResult,
  Json,
  Message,
  Position,
  PublishResult,
  StartingPoint,
} from '@sluice/protocol';

/** Fields of a message besides its data. */
export interface DraftOptions {
  /** The event name, defined by the application. */
  readonly event?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** A `traceparent` of W3C Trace Context. */
  readonly trace?: string;
  /** Milliseconds after which the message expires, by `Date`. Default: never. */
  readonly ttl?: number;
  /** The publishing user. Default: none, like a backend. */
  readonly from?: string;
}

/** What a message is appended with: a copy names its origin. */
export interface AppendOptions extends DraftOptions {
  readonly origin?: NonNullable<Message['origin']>;
}

/** Whether a message matches a filter. */
export type Matcher = (message: Message) => boolean;

/** A message in a channel's log. */
export interface AppendedMessage extends Message {
  readonly epoch: string;
}

/** Is the message delivered no more? SPEC.md section 5.2. */
export const hasExpired = ({ expiresAt }: Pick<Message, 'expiresAt'>): boolean =>
  expiresAt !== undefined && expiresAt <= Date.now();

/** What a subscriber receives between its position and the head. */
export interface CatchUp {
  readonly gap?: { readonly to: Position; readonly reason: 'epoch_changed' | 'retention' | 'no_history' };
  readonly messages: readonly Message[];
}

/** One channel's log in memory. SPEC.md section 5. */
export class MemoryLog {
  readonly #limit: number;
  #life = 1;
  #head = 0;
  #kept: Message[] = [];
  readonly #keys = new Map<string, PublishResult>();
  readonly #name: string;

  /** @param limit maximum number of messages to keep */
  constructor(name: string, limit: number) {
    this.#name = name;
    this.#limit = limit;
  }

  get epoch(): string {
    return `epoch-${this.#life}`;
  }

  get head(): Position {
    return { epoch: this.epoch, offset: this.#head };
  }

  /** Offset of the oldest message that it holds. */
  get first(): number {
    return this.#head - this.#kept.length + 1;
  }

  append(data: Json, { event, tags, from, origin, trace, ttl }: AppendOptions): AppendedMessage {
    const offset = ++this.#head;
    const time = Date.now();
    const message: Message = {
      id: `${this.#name}/${this.#life}/${offset}`,
      offset,
      time,
      data: structuredClone(data),
      ...(event === undefined ? {} : { event }),
      ...(tags === undefined ? {} : { tags }),
      ...(from === undefined ? {} : { from }),
      ...(origin === undefined ? {} : { origin }),
      ...(trace === undefined ? {} : { trace }),
      ...(ttl === undefined ? {} : { expiresAt: time + ttl }),
    };
    this.#kept.push(message);
    if (this.#kept.length > this.#limit) this.#kept.shift();
    return { ...message, epoch: this.epoch };
  }

  /** The result of the first publish with this key. */
  recall(key: string): PublishResult | undefined {
    return this.#keys.get(key);
  }

  remember(key: string, result: PublishResult): void {
    this.#keys.set(key, result);
  }

  /** Counts messages as published and lost, and drops all before them. */
  lose(count: number): void {
    this.#head += count;
    this.#kept = [];
  }

  /** The log begins a new life. */
  restart(): void {
    this.#life++;
    this.#head = 0;
    this.#kept = [];
    this.#keys.clear();
  }

  /** The position at which a cursor starts. SPEC.md section 4.3. */
  locate({ position, rewind, since }: StartingPoint): Position {
    if (position !== undefined) return position;
    if (rewind !== undefined) return { ...this.head, offset: Math.max(this.first - 1, this.#head - rewind) };
    if (since === undefined) return this.head;
    if (this.#limit === 0) return { ...this.head, offset: since > Date.now() ? this.#head : 0 };
    const next = this.#kept.find(({ time }) => time >= since);
    return { ...this.head, offset: (next?.offset ?? this.#head + 1) - 1 };
  }

  /**
   * The messages between a position and the head, with a gap before them if the log no longer
   * reaches back that far. SPEC.md section 7.
   */
  catchUp({ epoch, offset }: Position): CatchUp {
    const start = { epoch: this.epoch, offset: this.first - 1 };
    if (epoch !== this.epoch || offset > this.#head) {
      return { gap: { to: start, reason: 'epoch_changed' }, messages: this.#kept.slice() };
    }
    if (offset < start.offset) {
      const reason = this.#limit === 0 ? 'no_history' : 'retention';
      return { gap: { to: start, reason }, messages: this.#kept.slice() };
    }
    return { messages: this.#kept.filter((message) => message.offset > offset) };
  }

  /** A page of the log. SPEC.md section 4.6. */
  page(
    { limit = 100, after, before = Number.POSITIVE_INFINITY }: Omit<HistoryCommand, 'type' | 'id' | 'channel'>,
    matches?: Matcher,
  ): HistoryResult {
    const inRange = this.#kept.filter(({ offset }) => offset > (after ?? 0) && offset < before);
    const all = inRange.filter((message) => !hasExpired(message) && matches?.(message) !== false);
    const messages = after === undefined ? all.slice(-limit) : all.slice(0, limit);
    const kind = this.#limit === 0 ? { noHistory: true as const } : {};
    const result = { epoch: this.epoch, head: this.#head, first: this.first, messages, ...kind };
    if (!matches && all.length === inRange.length) return result;
    const isCut = messages.length < all.length;
    const from = isCut && after === undefined ? messages[0]?.offset : undefined;
    const to = isCut && after !== undefined ? messages.at(-1)?.offset : undefined;
    const range = { from: Math.max(this.first, (after ?? 0) + 1), to: Math.min(this.#head, before - 1) };
    return { ...result, covers: { from: from ?? range.from, to: to ?? range.to } };
  }
}
