import type { Client } from '../api.ts';
import { backoff } from '../backoff.ts';
import { FIRST_OF_CLIENT, FIRST_OF_COMMANDS, PAYLOAD_INVALID } from '../codes.ts';
import { SluiceError } from '../index.ts';
import { type Cancel, nothing } from '../timer.ts';
import { deadline, type Entry, isFinal, type Lifetimes, outboxError, PENDING, refused } from './entry.ts';
import type { LeaderOptions, Leadership } from './leader-lock.ts';
import type { OutboxQueue } from './outbox-queue.ts';
import type { Platform } from './platform.ts';

export interface SenderOptions extends Lifetimes {
  readonly client: Client;
  readonly queue: OutboxQueue;
  readonly user: string | null;
  /** Do the messages after a refused one wait? */
  readonly hold: boolean;
  /** Name of the lock that the tabs compete for. */
  readonly name: string;
  readonly platform: Platform;
}

// setTimeout fires at once for longer delays.
const LONGEST = 2 ** 31 - 1;

// Refusals after which the gateway has certainly stored nothing. `docs/errors.md`.
const NOT_CARRIED_OUT = ['rate_limited', 'unavailable'];

/**
 * Sends the queue while the client is connected as the right user. It sends one message per channel
 * at a time, so that none overtakes a refused or lost one. Only the leader sends what is on disk.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #stops: Cancel[];
  // Lives from `connected` until the connection is lost. Work that began in one session does not
  // affect the next.
  #session: AbortController | undefined;
  // Set while this tab leads: only then may it send what is on disk.
  #leadership: Leadership | undefined;
  // The session in which this tab leads or waits to lead.
  #leadingSession: AbortSignal | undefined;
  readonly #busy = new Set<string>();
  // Ends pending attempts, by key.
  readonly #flights = new Map<string, AbortController>();

  constructor(options: SenderOptions) {
    this.#options = options;
    const { client, queue, platform } = options;
    queue.isMine = ({ stored }) => !stored || !this.#session || this.#leadership !== undefined;
    this.#stops = [
      client.on('state', () => this.#checkState(), { passive: true }),
      // A page in the background lets another one send.
      platform.onSleep(() => this.#end()),
      platform.onWake(() => this.#checkState()),
      // Without Web Locks only the disk shows which tab leads.
      queue.on('disk', () => this.#session && this.#lead(this.#session.signal)),
      queue.on('change', () => this.#pump()),
      queue.on('status', ({ key, status }) => isFinal(status) && this.#flights.get(key)?.abort()),
    ];
    this.#checkState();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#end();
  }

  #checkState(): void {
    const { client, user, queue } = this.#options;
    const connected = client.state === 'connected';
    if (connected && client.user !== user) queue.reportError(outboxError('outbox_asleep'));
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
    this.#leadership = undefined;
    for (const flight of this.#flights.values()) flight.abort();
  }

  async #lead(signal: AbortSignal): Promise<void> {
    if (this.#leadingSession === signal) return;
    this.#leadingSession = signal;
    const { queue } = this.#options;
    await queue.disk.ready;
    const leadership = await this.#awaitLeadership(signal);
    if (!leadership) {
      if (this.#leadingSession === signal) this.#leadingSession = undefined;
      return;
    }
    // The previous leader's work is on disk.
    await queue.refresh();
    if (signal.aborted) return;
    this.#leadership = leadership;
    this.#pump();
  }

  async #awaitLeadership(signal: AbortSignal): Promise<Leadership | undefined> {
    const { name, queue, platform } = this.#options;
    const lease: LeaderOptions['lease'] = (alter) => queue.disk.use((store) => store.lease(alter));
    const wanted = () => [...this.#heads(true).values()].some(({ stored }) => stored);
    const lost = () => this.#lose(signal);
    try {
      signal.throwIfAborted();
      const leadership = await platform.awaitLeadership(name, { signal, clock: queue.clock, wanted, lease, lost });
      signal.addEventListener('abort', leadership.release);
      if (signal.aborted) leadership.release();
      return signal.aborted ? undefined : leadership;
    } catch {
      // The session has ended, or the disk failed and cannot show which tab leads. It is read again
      // when the disk is back.
      return undefined;
    }
  }

  /** Another tab leads now, or may lead: wait for the leadership again. */
  #lose(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#end();
    this.#checkState();
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

  /**
   * Makes the client connect if it connects on demand: a publish that is aborted synchronously has
   * that effect.
   */
  #wake({ channel, data }: Entry): void {
    const never = new AbortController();
    this.#options.client.channel(channel).publish(data, { signal: never.signal }).catch(nothing);
    never.abort();
  }

  /** The first message of each channel that this tab may send. */
  #heads(leading = this.#leadership !== undefined): Map<string, Entry> {
    const { queue, hold } = this.#options;
    const first = new Map<string, Entry>();
    for (const entry of queue.list) {
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
    // Starts what a later session could not start while this channel was busy.
    if (signal.aborted && this.#session) this.#pump();
  }

  /**
   * Tries one message. @returns milliseconds to wait before the next attempt; `undefined` if no
   * attempt is due
   */
  async #attempt(entry: Entry, signal: AbortSignal): Promise<number | undefined> {
    const { client, queue } = this.#options;
    const { key, channel, data, event, tags, trace, ttl } = entry;
    if (queue.deadlines.isOverdue(entry)) return void (await queue.deadlines.expire(key));
    const sent = await queue.mark(key, this.#leadership?.tab ?? '');
    // A stored message must not be sent by two tabs: the leadership must be fresh. Once written, it
    // survives the page.
    const isFenced = sent === 'fenced' || (typeof sent === 'object' && sent.stored && !this.#leadership?.isFresh());
    if (isFenced) this.#lose(signal);
    if (!sent || signal.aborted) return undefined;
    if (typeof sent !== 'object' || sent.status !== 'sent') return 0;
    const flight = new AbortController();
    this.#flights.set(key, flight);
    try {
      const now = queue.clock();
      // A repeat after the dedupe window would append a duplicate, so the client must not retry for
      // longer.
      const timeout = Math.min(Math.max(deadline(sent, this.#options, now) - now, 1), LONGEST);
      const extra = withoutUndefined({ event, tags, trace, ttl });
      const publishing = client.channel(channel).publish(data, { ...extra, key, timeout, signal: flight.signal });
      queue.finish(key, { status: 'accepted', result: await publishing });
      return undefined;
    } catch (error) {
      return flight.signal.aborted ? undefined : await this.#failed(entry, error);
    } finally {
      this.#flights.delete(key);
    }
  }

  async #failed(entry: Entry, cause: unknown): Promise<number | undefined> {
    const { queue } = this.#options;
    const error = toError(cause);
    const first = entry.status === 'queued';
    if (error.code >= FIRST_OF_COMMANDS && error.code < FIRST_OF_CLIENT && !error.retryable) {
      // An earlier attempt may have succeeded.
      const why = first ? error : outboxError('outcome_unknown', error, ` The retry was refused: ${error.message}`);
      await queue.change(entry.key, ({ status }) =>
        status === 'sent' ? refused(why, queue.clock(), this.#options) : undefined,
      );
      return undefined;
    }
    if (first && NOT_CARRIED_OUT.includes(error.name)) {
      await queue.change(entry.key, ({ status }) =>
        status === 'sent' ? { status: 'queued', sentAt: undefined } : undefined,
      );
    }
    return error.retryAfter ?? 0;
  }
}

/** An error of another class was thrown while the message was encoded: retrying cannot help. */
function toError(cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new SluiceError({ code: PAYLOAD_INVALID, name: 'payload_invalid', message, retryable: false }, cause);
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

const withoutUndefined = <T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
