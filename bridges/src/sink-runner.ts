import type { Bridge, BridgeHost, OutboundBridge, OutboundFeed } from '@sluice/server/bridging';
import { Backoff } from './backoff.ts';
import { wrapGap, wrapMessage } from './envelope.ts';
import { keepConnected } from './keep-connected.ts';
import type { OpenSink, Sink, SinkRecord } from './sink.ts';

/** Milliseconds for which a broker may take to confirm a batch: less than a delivery may take. */
const CONFIRM = 60_000;

export interface SinkRunnerParts {
  readonly config: OutboundBridge;
  readonly host: BridgeHost;
  readonly sink: Sink;
}

/**
 * Sends a channel to a broker: take the next messages, send them in order, and acknowledge them once
 * the broker has confirmed all of them. After a failure it begins again at the first message that was
 * not acknowledged: the log is the buffer.
 */
export class SinkRunner implements Bridge {
  readonly #parts: SinkRunnerParts;
  readonly #backoff: Backoff;

  constructor(parts: SinkRunnerParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.host.random);
  }

  run(signal: AbortSignal): Promise<void> {
    const { host, sink } = this.#parts;
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
    const { config, host, sink } = this.#parts;
    const { gaps, messages } = await feed.next();
    if (gaps.length + messages.length === 0) return false;
    const options = { bridge: config, prefix: sink.attributePrefix };
    const records = [
      ...gaps.map((gap) => wrapGap(gap, host.clock.now(), options)),
      ...messages.map(({ epoch, message }) => wrapMessage(epoch, message, options)),
    ];
    await this.#confirmed(open, records);
    await feed.acknowledge();
    this.#backoff.reset();
    if (gaps.length > 0) host.count('gap', gaps.length);
    if (messages.length > 0) host.count('sent', messages.length);
    return true;
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
