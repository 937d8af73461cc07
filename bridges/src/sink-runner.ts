import type {
  Bridge,
  BridgeHost,
  Outbound,
  OutboundBatch,
  OutboundBridge,
  OutboundFeed,
} from '@sluice/server/bridging';
import { Backoff } from './backoff.ts';
import { wrapDeadLetter, wrapGap, wrapMessage } from './envelope.ts';
import { keepConnected } from './keep-connected.ts';
import type { OpenSink, Sink, SinkRecord } from './sink.ts';
import { TooLarge } from './too-large.ts';

/** Milliseconds for which a broker may take to confirm a batch: less than a delivery may take. */
const CONFIRM = 60_000;
const SLOW = 'If it is slow, lower "inFlight": so many messages are sent together';

export interface SinkRunnerParts {
  readonly config: OutboundBridge;
  readonly host: BridgeHost;
  readonly sink: Sink;
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
  /** Records that are too large for the broker, by id: why. Until the end of their batch. */
  readonly #tooLarge = new Map<string, string>();

  constructor(parts: SinkRunnerParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.host.random);
  }

  run(signal: AbortSignal): Promise<void> {
    const { host, sink } = this.#parts;
    this.#tooLarge.clear();
    const use = (open: OpenSink) => this.#send(open, signal);
    return keepConnected({ host, backoff: this.#backoff, open: () => sink.open(), use }, signal);
  }

  async #send(open: OpenSink, signal: AbortSignal): Promise<void> {
    const { host } = this.#parts;
    const feed = await host.openFeed();
    const close = () => feed.close();
    signal.addEventListener('abort', close);
    try {
      host.moved('running');
      while (!signal.aborted && (await this.#sendBatch(feed, open)));
    } finally {
      signal.removeEventListener('abort', close);
      feed.close();
    }
  }

  /** `false`: the feed was closed. */
  async #sendBatch(feed: OutboundFeed, open: OpenSink): Promise<boolean> {
    const batch = await feed.next();
    if (batch.gaps.length + batch.messages.length === 0) return false;
    const dead = new Map<number, string>();
    const records = this.#recordsOf(batch, dead);
    await this.#confirmed(open, records);
    await feed.acknowledge(dead);
    this.#backoff.reset();
    this.#tooLarge.clear();
    this.#count(batch, dead.size);
    return true;
  }

  /** @param dead gets the offsets of messages that are too large for the broker, and why */
  #recordsOf({ gaps, messages }: OutboundBatch, dead: Map<number, string>): readonly SinkRecord[] {
    const { host } = this.#parts;
    const records = [
      ...gaps.map((gap) => wrapGap(gap, host.clock.now(), this.#options)),
      ...messages.map((outbound) => this.#recordOf(outbound, dead)),
    ];
    // A broker may have no room even for the record that stands for a message.
    return this.#tooLarge.size === 0 ? records : records.filter(({ id }) => !this.#tooLarge.has(id));
  }

  #recordOf(outbound: Outbound, dead: Map<number, string>): SinkRecord {
    const { epoch, message } = outbound;
    const record = wrapMessage(epoch, message, this.#options);
    const detail = this.#tooLarge.get(record.id);
    if (detail === undefined) return record;
    dead.set(message.offset, detail);
    return wrapDeadLetter(outbound, { size: record.body.length, detail }, this.#options);
  }

  get #options() {
    const { config, sink } = this.#parts;
    return { bridge: config, prefix: sink.attributePrefix };
  }

  #count({ gaps, messages }: OutboundBatch, dead: number): void {
    const { host } = this.#parts;
    if (gaps.length > 0) host.count('gap', gaps.length);
    if (messages.length > dead) host.count('sent', messages.length - dead);
    if (dead > 0) host.count('dead_lettered', dead);
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
