import type { Client } from '../api.ts';
import { backoff } from '../backoff.ts';
import { SluiceError } from '../index.ts';
import { type Cancel, nothing } from '../timer.ts';
import type { Book } from './book.ts';
import { deadline, type Entry, isFinal, outboxError, type Patience, PENDING, refused } from './entry.ts';
import type { Turn, TurnOptions } from './turn.ts';
import type { World } from './world.ts';

export interface SenderOptions extends Patience {
  readonly client: Client;
  readonly book: Book;
  readonly user: string | null;
  /** Do the messages behind a refused one wait? */
  readonly hold: boolean;
  /** Names the turn that the tabs take. */
  readonly name: string;
  readonly world: World;
}

// setTimeout takes no more milliseconds.
const LONGEST = 2 ** 31 - 1;

// Refusals after which it is certain that the gateway holds nothing. `docs/errors.md`.
const NOT_CARRIED_OUT = ['rate_limited', 'unavailable'];

/**
 * Sends what is in the book while the client is connected as the right user: per channel one after the other, because
 * one that is refused or lost must not be overtaken. What is on disk is sent by one tab only, the one whose turn it is.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #stops: Cancel[];
  // From `connected` until the connection is lost. What was begun in one session comes to nothing in the next.
  #session: AbortController | undefined;
  // What is on disk this tab may send while it has the turn.
  #turn: Turn | undefined;
  // The session in which it waits for the turn, or has it.
  #lining: AbortSignal | undefined;
  readonly #busy = new Set<string>();
  // Ends the attempts that are under way, by key.
  readonly #flights = new Map<string, AbortController>();

  constructor(options: SenderOptions) {
    this.#options = options;
    const { client, book, world } = options;
    book.isMine = ({ stored }) => !stored || !this.#session || this.#turn !== undefined;
    this.#stops = [
      client.on('state', () => this.#look(), { passive: true }),
      // A page that is put away lets another one send.
      world.onSleep(() => this.#end()),
      world.onWake(() => this.#look()),
      // Without Web Locks it takes the disk to have the turn.
      book.on('disk', () => this.#session && this.#lead(this.#session.signal)),
      book.on('change', () => this.#pump()),
      book.on('status', ({ key, status }) => isFinal(status) && this.#flights.get(key)?.abort()),
    ];
    this.#look();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#end();
  }

  #look(): void {
    const { client, user, book } = this.#options;
    const connected = client.state === 'connected';
    if (connected && client.user !== user) book.complain(outboxError('outbox_asleep'));
    else if (connected && !this.#session) this.#begin();
    else if (!connected) this.#end();
  }

  #begin(): void {
    const session = new AbortController();
    this.#session = session;
    void this.#lead(session.signal);
    this.#pump();
  }

  #end(): void {
    this.#session?.abort();
    this.#session = undefined;
    this.#turn = undefined;
    for (const flight of this.#flights.values()) flight.abort();
  }

  async #lead(signal: AbortSignal): Promise<void> {
    if (this.#lining === signal) return;
    this.#lining = signal;
    const { book } = this.#options;
    await book.disk.ready;
    const turn = await this.#take(signal);
    if (!turn) {
      if (this.#lining === signal) this.#lining = undefined;
      return;
    }
    // What the tab before this one has done stands on disk.
    await book.refresh();
    if (signal.aborted) return;
    this.#turn = turn;
    this.#pump();
  }

  async #take(signal: AbortSignal): Promise<Turn | undefined> {
    const { name, book, world } = this.#options;
    const lease: TurnOptions['lease'] = (alter) => book.disk.use((store) => store.lease(alter));
    const wanted = () => [...this.#heads(true).values()].some(({ stored }) => stored);
    const lost = () => this.#lose(signal);
    try {
      signal.throwIfAborted();
      const turn = await world.takeTurn(name, { signal, clock: book.clock, wanted, lease, lost });
      signal.addEventListener('abort', turn.release);
      if (signal.aborted) turn.release();
      return signal.aborted ? undefined : turn;
    } catch {
      // The session has ended, or a disk that fails cannot tell whose turn it is: it is asked again when that is back.
      return undefined;
    }
  }

  /** Another tab sends now, or may do so: this one stands in line again. */
  #lose(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#end();
    this.#look();
  }

  #pump(): void {
    const heads = this.#heads();
    if (!this.#session) {
      const [first] = heads.values();
      if (first && this.#options.client.state === 'idle') this.#wake(first);
      return;
    }
    for (const channel of heads.keys()) if (!this.#busy.has(channel)) void this.#drain(channel, this.#session.signal);
  }

  /** Lets the client connect, where it does so by itself: a publish that is taken back in the same step does that. */
  #wake({ channel, data }: Entry): void {
    const never = new AbortController();
    this.#options.client.channel(channel).publish(data, { signal: never.signal }).catch(nothing);
    never.abort();
  }

  /** The next message of every channel that has one which this tab may send. */
  #heads(leading = this.#turn !== undefined): Map<string, Entry> {
    const { book, hold } = this.#options;
    const first = new Map<string, Entry>();
    for (const entry of book.list) {
      if (!first.has(entry.channel) && (hold || entry.status !== 'refused')) first.set(entry.channel, entry);
    }
    for (const [channel, { status, stored, order }] of first) {
      const ready = order < PENDING && (!stored || leading || !this.#session);
      if (!ready || status === 'refused') first.delete(channel);
    }
    return first;
  }

  async #drain(channel: string, signal: AbortSignal): Promise<void> {
    this.#busy.add(channel);
    let failures = 0;
    for (;;) {
      const entry = signal.aborted ? undefined : this.#heads().get(channel);
      if (!entry) break;
      const pause = await this.#attempt(entry, signal);
      if (pause === undefined) failures = 0;
      else await sleep(Math.max(pause, backoff(failures++)), signal);
    }
    this.#busy.delete(channel);
    // What a later session would have begun meanwhile.
    if (signal.aborted && this.#session) this.#pump();
  }

  /** Tries one message. @returns milliseconds to wait before it is tried again; `undefined` where it is done with */
  async #attempt(entry: Entry, signal: AbortSignal): Promise<number | undefined> {
    const { client, book } = this.#options;
    const { key, channel, data, event, tags } = entry;
    if (book.deadlines.isOverdue(entry)) return void (await book.deadlines.judge(key));
    const sent = await book.mark(key, this.#turn?.tab ?? '');
    // Written, it is not lost with the page; and not sent by two, while this tab has the turn.
    const isFenced = sent === 'fenced' || (typeof sent === 'object' && sent.stored && !this.#turn?.isFresh());
    if (isFenced) this.#lose(signal);
    if (!sent || signal.aborted) return undefined;
    if (typeof sent !== 'object' || sent.status !== 'sent') return 0;
    const flight = new AbortController();
    this.#flights.set(key, flight);
    try {
      const now = book.clock();
      // A repeat after its window would appear twice: the client must not try for longer.
      const timeout = Math.min(Math.max(deadline(sent, this.#options, now) - now, 1), LONGEST);
      const extra = { ...(event !== undefined && { event }), ...(tags && { tags }) };
      const publishing = client.channel(channel).publish(data, { ...extra, key, timeout, signal: flight.signal });
      book.finish(key, { status: 'accepted', result: await publishing });
      return undefined;
    } catch (error) {
      return flight.signal.aborted ? undefined : await this.#failed(entry, error);
    } finally {
      this.#flights.delete(key);
    }
  }

  async #failed(entry: Entry, cause: unknown): Promise<number | undefined> {
    const { book } = this.#options;
    const error = toError(cause);
    const first = entry.status === 'queued';
    if (error.code >= 4300 && error.code < 4400 && !error.retryable) {
      // An earlier attempt may have been more lucky.
      const why = first ? error : outboxError('outcome_unknown', error, ` Sent again it was refused: ${error.message}`);
      await book.change(entry.key, ({ status }) =>
        status === 'sent' ? refused(why, book.clock(), this.#options) : undefined,
      );
      return undefined;
    }
    if (first && NOT_CARRIED_OUT.includes(error.name)) {
      await book.change(entry.key, ({ status }) =>
        status === 'sent' ? { status: 'queued', sentAt: undefined } : undefined,
      );
    }
    return error.retryAfter ?? 0;
  }
}

/** What is no error of ours was thrown while the message was written: no other attempt will do better. */
function toError(cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError({ code: 4310, name: 'payload_invalid', message, retryable: false }, cause);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}
