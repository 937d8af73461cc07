import type { Bridge, BridgeHost, OutboundBatch, OutboundBridge, OutboundFeed } from '@sluice/server/bridging';
import { Backoff } from './backoff.ts';
import { wrapGap, wrapMessage } from './envelope.ts';
import { keepConnected } from './keep-connected.ts';
import { SendWindow } from './send-window.ts';
import type { OpenSink, Sink, SinkRecord } from './sink.ts';

/** Milliseconds for which a broker may take to confirm a batch: less than a delivery may take. */
const CONFIRM = 60_000;

export interface SinkRunnerParts {
  readonly config: OutboundBridge;
  readonly host: BridgeHost;
  readonly sink: Sink;
}

/** A sink that overlaps gets so many batches, so that the broker has the next one when it confirms one. */
const OVERLAPPING = 4;

/** What one connection uses. */
interface Connected {
  readonly open: OpenSink;
  readonly feed: OutboundFeed;
  readonly window: SendWindow;
}

/**
 * Sends a channel to a broker: take the next messages, send them in order, and acknowledge them once
 * the broker has confirmed all of them. After a failure it begins again at the first message that was
 * not acknowledged: the log is the buffer.
 */
export class SinkRunner implements Bridge {
  readonly #parts: SinkRunnerParts;
  readonly #backoff: Backoff;
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
    if (batch.gaps.length + batch.messages.length === 0) return false;
    const records = this.#wrap(batch);
    const acknowledge = () => this.#acknowledge(feed, batch);
    window.add({ count: records.length, confirmed: this.#confirmed(open, records), acknowledge });
    return true;
  }

  #wrap({ gaps, messages }: OutboundBatch): readonly SinkRecord[] {
    const { config, host, sink } = this.#parts;
    const options = { bridge: config, prefix: sink.attributePrefix };
    return [
      ...gaps.map((gap) => wrapGap(gap, host.clock.now(), options)),
      ...messages.map(({ epoch, message }) => wrapMessage(epoch, message, options)),
    ];
  }

  async #acknowledge(feed: OutboundFeed, { gaps, messages }: OutboundBatch): Promise<void> {
    const { host } = this.#parts;
    await feed.acknowledge();
    this.#backoff.reset();
    if (gaps.length > 0) host.count('gap', gaps.length);
    if (messages.length > 0) host.count('sent', messages.length);
  }

  async #confirmed(open: OpenSink, records: readonly SinkRecord[]): Promise<void> {
    const { clock } = this.#parts.host;
    let late: { cancel(): void } | undefined;
    const timeout = new Promise<never>((_, reject) => {
      late = clock.after(CONFIRM, () => reject(new Error(`the broker did not confirm within ${CONFIRM / 1_000} s`)));
    });
    try {
      await Promise.race([open.send(records), timeout]);
    } finally {
      late?.cancel();
    }
  }
}
