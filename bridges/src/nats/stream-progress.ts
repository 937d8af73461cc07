import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { MessagesLost } from '../keep-connected.ts';
import type { SourceHost } from '../systems.ts';
import { parseTime, type ServerTime } from './server-time.ts';

/** Milliseconds between two notes of where the bridge continues: the engine recognises what it reads again. */
const INTERVAL = 1_000;

/** Where a consumer begins: at a sequence number, or behind a time. */
export type Beginning = { readonly sequence: number } | { readonly behind: ServerTime };

/** What the engine keeps. */
interface Noted {
  /** When the stream was made. A stream that is made again counts from 1. */
  readonly created: string;
  /** How often the stream has lost its latest messages, and has used their sequence numbers again. */
  readonly run: number;
  /** The latest message that was published, or the one before the first; absent: the first one behind `time` is next. */
  readonly seq?: number;
  /** When the server stored that message; absent: it is not known. */
  readonly time?: ServerTime;
  /** What is missing up to this message is not lost: the bridge had not begun, or has read it before. */
  readonly from?: number;
  /** What the stream has removed up to this message is counted. */
  readonly counted?: number;
}

export interface StreamProgressParts {
  readonly host: SourceHost;
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly consumer: string;
  readonly start: string;
  /** Does the bridge read some subjects only? */
  readonly isFiltered: boolean;
}

/** The part of the information about a stream that counts here. */
type Stream = Pick<StreamInfo, 'created' | 'state'> & { readonly config: { readonly first_seq?: number } };

/**
 * How far a stream was published, as the engine notes it.
 *
 * The acknowledgements of the consumer do not tell: if the stream removes a message that the server has delivered, the
 * server takes it for acknowledged, and all before it, too.
 */
export class StreamProgress {
  readonly #parts: StreamProgressParts;
  #saved: Noted | undefined;
  /** With what was published and is not saved yet. */
  #noted: Noted | undefined;
  /** The first message whose absence counts; `undefined`: whatever comes next. */
  #expected: number | undefined;
  #due = 0;

  private constructor(parts: StreamProgressParts, saved: Noted | undefined) {
    this.#parts = parts;
    this.#saved = saved;
    this.#noted = saved;
  }

  static async read(parts: StreamProgressParts): Promise<StreamProgress> {
    const saved = await parts.host.checkpoints.read(nameOf(parts));
    return new StreamProgress(parts, saved === undefined ? undefined : (JSON.parse(saved) as Noted));
  }

  /** Names the partition. */
  get partition(): string {
    const { created, run } = this.#known;
    return run === 0 ? `${this.#parts.stream} ${created}` : `${this.#parts.stream} ${created} ${run}`;
  }

  /**
   * Finds where to begin, notes it, and counts what the stream has removed before it was read.
   *
   * @param floor the latest message that the latest consumer has as acknowledged; `undefined`: there is no consumer
   * @throws MessagesLost if the stream has lost its latest messages; the next attempt goes on
   */
  async begin(stream: Stream, floor: number | undefined): Promise<Beginning> {
    const first = firstIn(stream.state);
    const { noted, read } = await this.#find(stream, floor);
    const { seq, time, from = 0, counted = 0 } = noted;
    const lost = seq === undefined ? 0 : first - 1 - Math.max(read, counted);
    await this.#save(lost > 0 ? { ...noted, counted: first - 1 } : noted);
    if (seq === undefined) {
      this.#expected = undefined;
      return time === undefined ? { sequence: first } : { behind: time };
    }
    this.#lose(lost);
    this.#expected = Math.max(seq + 1, first, from + 1);
    return { sequence: seq + 1 };
  }

  /** @returns what to note, and up to which message what is missing is not lost */
  async #find(stream: Stream, floor: number | undefined): Promise<{ readonly noted: Noted; readonly read: number }> {
    const { created, state, config } = stream;
    const noted = this.#saved;
    if (noted === undefined) return this.#firstOf(stream, floor);
    if (noted.created !== created) {
      const seq = (config.first_seq ?? 1) - 1;
      return { noted: { created, run: 0, seq }, read: seq };
    }
    if (await this.#isRewound(noted, state.last_seq)) return this.#rewind(noted, state);
    const { seq } = noted;
    if (seq === undefined || floor !== undefined || this.#parts.start === 'newest') return { noted, read: seq ?? 0 };
    // Without a consumer it reads everything again.
    const from = Math.max(seq, noted.from ?? 0);
    return { noted: { created, run: noted.run, seq: firstIn(state) - 1, from }, read: from };
  }

  /** Nothing was noted: an earlier version has read the stream, a bridge of another name, or none. */
  async #firstOf({ created, state }: Stream, floor: number | undefined) {
    const isNewest = this.#parts.start === 'newest';
    const seq = floor ?? (isNewest ? state.last_seq : firstIn(state) - 1);
    const time = await this.#timeOf(seq);
    const from = floor === undefined && !isNewest ? { from: state.last_seq } : {};
    return { noted: { created, run: 0, seq, ...(time !== undefined && { time }), ...from }, read: seq };
  }

  /** Was the latest message that was published lost, and its number used again, or not yet? */
  async #isRewound({ seq, time }: Noted, last: number): Promise<boolean> {
    if (seq === undefined) return false;
    if (seq > last) return true;
    const stored = time === undefined ? undefined : await this.#timeOf(seq);
    return stored !== undefined && stored !== time;
  }

  async #rewind({ created, run, seq = 0, time }: Noted, state: StreamInfo['state']): Promise<never> {
    const where = time === undefined ? { seq: firstIn(state) - 1 } : { time };
    await this.#save({ created, run: run + 1, ...where });
    throw new MessagesLost(
      `the stream "${this.#parts.stream}" has lost its latest messages: the bridge has published message ${seq}, and the stream, which ends at ${state.last_seq}, has another one there or none. The bridge continues with what was stored since`,
    );
  }

  /** @returns when the message was stored; `undefined`: it is gone, or the user may not read it */
  async #timeOf(seq: number): Promise<ServerTime | undefined> {
    if (seq === 0) return undefined;
    const { manager, stream } = this.#parts;
    try {
      const message = await manager.streams.getMessage(stream, { seq });
      return message === null ? undefined : parseTime(message.timestamp);
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }

  /**
   * The bridge has read messages, in their order: counts those between them that the stream has no more.
   *
   * @param first asks for the first message that the stream has. With a subject, the messages of others
   *   are between them, too, so that only it can tell
   */
  async count(sequences: readonly number[], first: () => Promise<number>): Promise<void> {
    let known: number | undefined;
    for (const seq of sequences) {
      const expected = this.#expected ?? seq;
      if (seq < expected) continue; // what is missing here does not count, or it is delivered again
      this.#expected = seq + 1;
      if (seq === expected) continue;
      if (this.#parts.isFiltered) known ??= await first();
      this.#lose(Math.min(seq, known ?? seq) - expected);
    }
  }

  #lose(count: number): void {
    const { host, stream } = this.#parts;
    if (count > 0) host.count('lost', count, `${stream}: removed before they were read`);
  }

  /** All messages up to one were published. */
  async reach(seq: number, time: ServerTime): Promise<void> {
    const { seq: reached, created, run, from } = this.#known;
    if (reached !== undefined && seq <= reached) return; // it was delivered again
    this.#noted = { created, run, seq, time, ...(from !== undefined && from > seq && { from }) };
    if (this.#parts.host.clock.monotonic() >= this.#due) await this.flush();
  }

  /** Notes what was published, unless it is noted already. */
  async flush(): Promise<void> {
    if (this.#noted !== undefined && this.#noted !== this.#saved) await this.#save(this.#noted);
  }

  async #save(noted: Noted): Promise<void> {
    const { host } = this.#parts;
    this.#noted = noted;
    this.#due = host.clock.monotonic() + INTERVAL;
    if (noted === this.#saved) return;
    await host.checkpoints.save(nameOf(this.#parts), JSON.stringify(noted));
    this.#saved = noted;
  }

  get #known(): Noted {
    if (this.#noted === undefined) throw new Error('the bridge has not begun');
    return this.#noted;
  }
}

/** The first message that the stream has, or will have: 0 is no message. */
export const firstIn = ({ first_seq }: StreamInfo['state']): number => Math.max(1, first_seq);

const nameOf = ({ stream, consumer }: StreamProgressParts): string => `nats ${stream} ${consumer}`;

/** Has the server refused it, because the user has no right to it? */
export const isForbidden = (error: unknown): error is Error =>
  error instanceof Error && error.cause instanceof Error && error.cause.name === 'PermissionViolationError';
