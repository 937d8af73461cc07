import type {
  Bridge,
  BridgeHost,
  Outbound,
  OutboundBatch,
  OutboundBridge,
  OutboundFeed,
  OutboundGap,
} from '@sluice/server/bridging';
import { Backoff } from './backoff.ts';
import { wrapDeadLetter, wrapGap, wrapMessage } from './envelope.ts';
import { keepConnected } from './keep-connected.ts';
import { SendWindow } from './send-window.ts';
import type { OpenSink, Sink, SinkRecord } from './sink.ts';
import { TooLarge } from './too-large.ts';

/** Milliseconds for which a broker may take to confirm a batch: less than a delivery may take. */
const CONFIRM = 60_000;
const SLOW = 'If it is slow, lower "inFlight", the number of messages that are sent together';

export interface SinkRunnerParts {
  readonly config: OutboundBridge;
  readonly host: BridgeHost;
  readonly sink: Sink;
}

/** The number of batches that are in flight to a sink that overlaps: the broker has the next one when it confirms one. */
const OVERLAPPING = 4;

/** What one connection uses. */
interface Connected {
  readonly open: OpenSink;
  readonly feed: OutboundFeed;
  readonly window: SendWindow;
}

/** A batch as the broker gets it. */
interface Prepared {
  readonly batch: OutboundBatch;
  readonly records: SinkRecord[];
  /** Offsets of messages that are too large for the broker, and why. */
  readonly dead: Map<number, string>;
  /** Ids of records that are known to be too large: until the batch is acknowledged. */
  readonly used: string[];
}

/**
 * Sends a channel to a broker: take the next messages, send them in order, and acknowledge them once
 * the broker has confirmed all of them. After a failure it begins again at the first message that was
 * not acknowledged: the log is the buffer. A message that is too large for the broker becomes a dead
 * letter, and a small record is sent in its place.
 */
export class SinkRunner implements Bridge {
  readonly #parts: SinkRunnerParts;
  readonly #backoff: Backoff;
  /** Records that are too large for the broker, by id: why. Until their batch is acknowledged. */
  readonly #tooLarge = new Map<string, string>();
  /** Maximum number of messages of one batch. */
  readonly #batch: number;

  constructor(parts: SinkRunnerParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.host.random);
    const { sink, config } = parts;
    this.#batch = sink.overlaps === true ? Math.ceil(config.inFlight / OVERLAPPING) : config.inFlight;
  }

  run(signal: AbortSignal): Promise<void> {
    const { host, sink } = this.#parts;
    this.#tooLarge.clear();
    const use = (open: OpenSink) => this.#send(open, signal);
    return keepConnected({ host, backoff: this.#backoff, open: () => sink.open(), use }, signal);
  }

  async #send(open: OpenSink, signal: AbortSignal): Promise<void> {
    const { host, config } = this.#parts;
    const feed = await host.openFeed();
    const close = () => feed.close();
    signal.addEventListener('abort', close);
    const window = new SendWindow({ most: config.inFlight, batch: this.#batch });
    try {
      host.moved('running');
      while (!signal.aborted && (await this.#sendBatch({ open, feed, window })));
      await window.done();
    } finally {
      signal.removeEventListener('abort', close);
      feed.close();
    }
  }

  /** `false`: the feed was closed. */
  async #sendBatch({ open, feed, window }: Connected): Promise<boolean> {
    await window.room();
    const batch = await window.orFail(feed.next(this.#batch));
    const count = batch.gaps.length + batch.messages.length;
    if (count === 0) return false;
    const prepared = this.#prepare(batch);
    const acknowledge = () => this.#acknowledge(feed, prepared);
    window.add({ count, confirmed: this.#confirmed(open, prepared.records), acknowledge });
    // A sink that refuses a batch at once gets nothing behind it.
    if (this.#parts.sink.overlaps === true) await new Promise(setImmediate);
    return true;
  }

  async #acknowledge(feed: OutboundFeed, { batch, dead, used }: Prepared): Promise<void> {
    const lost = await feed.acknowledge(dead);
    this.#backoff.reset();
    for (const id of used) this.#tooLarge.delete(id);
    this.#count(batch, dead, lost);
  }

  #prepare(batch: OutboundBatch): Prepared {
    const { host } = this.#parts;
    const prepared = { batch, records: [] as SinkRecord[], dead: new Map<number, string>(), used: [] as string[] };
    for (const gap of batch.gaps) this.#add(prepared, wrapGap(gap, host.clock.now(), this.#options));
    for (const outbound of batch.messages) this.#add(prepared, this.#recordOf(outbound, prepared));
    return prepared;
  }

  /** A broker may have no room even for the record that stands for a message. */
  #add({ records, used }: Pick<Prepared, 'records' | 'used'>, record: SinkRecord): void {
    if (this.#tooLarge.has(record.id)) used.push(record.id);
    else records.push(record);
  }

  #recordOf(outbound: Outbound, { dead, used }: Pick<Prepared, 'dead' | 'used'>): SinkRecord {
    const { epoch, message } = outbound;
    const record = wrapMessage(epoch, message, this.#options);
    const detail = this.#tooLarge.get(record.id);
    if (detail === undefined) return record;
    used.push(record.id);
    dead.set(message.offset, detail);
    return wrapDeadLetter(outbound, { size: record.body.length, detail }, this.#options);
  }

  get #options() {
    const { config, host, sink } = this.#parts;
    return { bridge: config, origin: host.origin(), prefix: sink.attributePrefix };
  }

  #count({ gaps, messages }: OutboundBatch, dead: ReadonlyMap<number, string>, lost: number): void {
    const { host } = this.#parts;
    const [gap] = gaps;
    const [first] = dead;
    if (gap !== undefined) host.count('gap', gaps.length, inWords(gap));
    if (messages.length > dead.size) host.count('sent', messages.length - dead.size);
    if (first === undefined) return;
    const why = `offset ${first[0]} is too large: ${first[1]}`;
    if (dead.size > lost) host.count('dead_lettered', dead.size - lost, why);
    if (lost > 0)
      host.count(
        'lost',
        lost,
        `the list of dead letters is full. Redrive or purge it; of ${dead.size} messages, ${why}`,
      );
  }

  async #confirmed(open: OpenSink, records: readonly SinkRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { clock } = this.#parts.host;
    let late: { cancel(): void } | undefined;
    const timeout = new Promise<never>((_, reject) => {
      late = clock.after(CONFIRM, () =>
        reject(new Error(`the broker did not confirm within ${CONFIRM / 1_000} s. ${SLOW}`)),
      );
    });
    try {
      await Promise.race([open.send(records), timeout]);
    } catch (error) {
      if (error instanceof TooLarge) this.#note(error);
      throw error;
    } finally {
      late?.cancel();
    }
  }

  /** The next attempt needs no pause, unless the broker refuses the same again. */
  #note({ ids, limit }: TooLarge): void {
    if (ids.some((id) => !this.#tooLarge.has(id))) this.#backoff.reset();
    for (const id of ids) this.#tooLarge.set(id, limit);
  }
}

/** For the log. */
const inWords = ({ reason, from, to }: OutboundGap): string => {
  const end = from.epoch === to.epoch ? `${to.offset}` : `${to.offset} of another epoch`;
  return `${reason}: the log lost what is behind offset ${from.offset}, up to ${end}`;
};
