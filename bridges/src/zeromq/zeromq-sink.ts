import type { OutboundBridge } from '@sluice/server/bridging';
import type { Dealer, Publisher, Push } from 'zeromq';
import { Confirms } from '../confirms.ts';
import { textOption } from '../options.ts';
import type { OnAccepted, OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { fillFor } from '../sink-template.ts';
import { contentFrames } from './zeromq-frames.ts';
import { type ZeromqClient, ZeromqLink } from './zeromq-link.ts';

/** Milliseconds for which a message may wait for a peer that accepts it. */
const SEND = 10_000;

/** Sends to peers: PUSH and PUB without confirmation, DEALER with acknowledgements. */
export class ZeromqSink implements Sink {
  readonly attributePrefix = 'ce-';
  /** A consumer that takes long ends a connection, and has acknowledged some messages by then. */
  readonly skipsConfirmed = true;
  readonly #client: ZeromqClient;
  readonly #config: OutboundBridge;

  constructor(client: ZeromqClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const { connection, to } = this.#config;
    const failure = new AbortController();
    const socket = this.#socketOf(textOption(to, 'socket'));
    const link = await ZeromqLink.open(socket, { connection, onLost: (error) => failure.abort(error) });
    const parts = { link, lost: failure.signal, end: (error: Error) => failure.abort(error) };
    if (socket instanceof this.#client.Dealer) return new OpenDealerSink(parts, socket);
    const topic = socket instanceof this.#client.Publisher ? textOption(to, 'topic') : undefined;
    return new OpenLossySink(parts, socket, topic);
  }

  #socketOf(kind: string): Dealer | Publisher | Push {
    const sendHighWaterMark = this.#config.inFlight;
    if (kind === 'pub') return new this.#client.Publisher({ sendHighWaterMark });
    // `immediate`: only for peers that are connected; a queue for others would be lost.
    const options = { sendHighWaterMark, sendTimeout: SEND, immediate: true };
    return kind === 'push' ? new this.#client.Push(options) : new this.#client.Dealer(options);
  }
}

interface Parts {
  readonly link: ZeromqLink;
  /** Aborts with the error when the last peer is gone. */
  readonly lost: AbortSignal;
  /** Ends what waits for a peer. */
  readonly end: (error: Error) => void;
}

function closeParts({ link, end }: Parts): Promise<void> {
  end(new Error('the sink was closed'));
  return link.close();
}

/** ZeroMQ accepts a message, and nobody confirms it. */
class OpenLossySink implements OpenSink {
  readonly #parts: Parts;
  readonly #socket: Publisher | Push;
  readonly #topic: string | undefined;

  constructor(parts: Parts, socket: Publisher | Push, topic: string | undefined) {
    this.#parts = parts;
    this.#socket = socket;
    this.#topic = topic;
  }

  get lost(): AbortSignal {
    return this.#parts.lost;
  }

  /** Confirms nothing one by one: what waits in the socket of a peer that leaves is sent again. */
  async send(
    records: readonly SinkRecord[],
    _: OnConfirmed = () => {},
    accepted: OnAccepted = () => {},
  ): Promise<void> {
    for (const record of records) {
      this.#parts.lost.throwIfAborted();
      const first = this.#topic === undefined ? [] : [fillFor(this.#topic, record)];
      await sendFrames(this.#socket, [...first, ...contentFrames(record)]);
      accepted();
    }
  }

  close(): Promise<void> {
    return closeParts(this.#parts);
  }
}

/** The peer answers a message with its id once it has it. */
class OpenDealerSink implements OpenSink {
  readonly #parts: Parts;
  readonly #socket: Dealer;
  /** By id: resolves the message that waits for its acknowledgement. */
  readonly #unconfirmed = new Map<string, () => void>();

  constructor(parts: Parts, socket: Dealer) {
    this.#parts = parts;
    this.#socket = socket;
    void this.#receive();
  }

  async #receive(): Promise<void> {
    try {
      for await (const frames of this.#socket) this.#confirm(frames.at(-1)?.toString() ?? '');
    } catch {
      // The socket was closed; what waits for it has failed by then.
    }
  }

  #confirm(id: string): void {
    const confirm = this.#unconfirmed.get(id);
    if (confirm === undefined) return;
    this.#unconfirmed.delete(id);
    confirm();
  }

  get lost(): AbortSignal {
    return this.#parts.lost;
  }

  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    const { lost } = this.#parts;
    const confirms = new Confirms(records.length, confirmed);
    for (const [at, { id }] of records.entries()) this.#unconfirmed.set(id, () => confirms.add(at));
    let fail = () => {};
    const failed = new Promise<never>((_, reject) => {
      fail = () => reject(lost.reason);
    });
    lost.addEventListener('abort', fail);
    if (lost.aborted) fail();
    try {
      await Promise.race([this.#sendAll(records), failed]);
      if (records.length > 0) await Promise.race([confirms.all, failed]);
    } finally {
      lost.removeEventListener('abort', fail);
      this.#unconfirmed.clear();
    }
  }

  async #sendAll(records: readonly SinkRecord[]): Promise<void> {
    for (const record of records) await sendFrames(this.#socket, [record.id, ...contentFrames(record)]);
  }

  close(): Promise<void> {
    return closeParts(this.#parts);
  }
}

async function sendFrames(socket: Dealer | Publisher | Push, frames: (string | Buffer)[]): Promise<void> {
  try {
    await socket.send(frames);
  } catch (error) {
    const isFull = (error as { code?: unknown }).code === 'EAGAIN';
    throw isFull ? new Error(`no peer accepted a message within ${SEND / 1_000} s`) : error;
  }
}
