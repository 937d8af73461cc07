import type { InboundBridge } from '@sluice/server/bridging';
import type { Pull, Router, Subscriber } from 'zeromq';
import { LossyBuffer } from '../lossy-buffer.ts';
import { listOption, textOption } from '../options.ts';
import { RunPositions } from '../run-positions.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { FrameBuffer, type Frames, sizeOf } from './frame-buffer.ts';
import { readContent } from './zeromq-frames.ts';
import { type ZeromqClient, ZeromqLink } from './zeromq-link.ts';

/** Receives from peers: PULL and SUB at most once, ROUTER with ids and acknowledgements. */
export class ZeromqSource implements Source {
  readonly #client: ZeromqClient;
  readonly #config: InboundBridge;
  readonly #host: SourceHost;
  readonly #positions = new RunPositions();

  constructor(client: ZeromqClient, config: InboundBridge, host: SourceHost) {
    this.#client = client;
    this.#config = config;
    this.#host = host;
  }

  async open(): Promise<OpenSource> {
    const { connection, from } = this.#config;
    const socket = this.#socketOf(textOption(from, 'socket'));
    const buffer = this.#bufferFor(socket);
    const subscribes = socket instanceof this.#client.Subscriber;
    const link = await ZeromqLink.open(socket, { connection, subscribes, onLost: (error) => buffer.fail(error) });
    void receive(socket, buffer);
    const parts = { link, buffer, address: textOption(connection, 'url') };
    if (socket instanceof this.#client.Router) return new OpenRouterSource(parts, socket);
    return new OpenLossySource(parts, this.#positions, subscribes);
  }

  #socketOf(kind: string): Pull | Router | Subscriber {
    const { inFlight, from } = this.#config;
    const options = { receiveHighWaterMark: inFlight };
    if (kind === 'router') return new this.#client.Router({ ...options, handover: true });
    if (kind === 'pull') return new this.#client.Pull(options);
    const socket = new this.#client.Subscriber(options);
    socket.subscribe(...listOption(from, 'topics'));
    return socket;
  }

  /** Who publishes does not wait for slow subscribers, so the bridge reads at once; others wait. */
  #bufferFor(socket: Pull | Router | Subscriber): AnyBuffer {
    const { inFlight: most } = this.#config;
    const lost = (why: string) => () => this.#host.count('lost', 1, why);
    if (socket instanceof this.#client.Subscriber) {
      return new LossyBuffer<Frames>({ sizeOf, onLost: lost('there was no room, or the connection had ended') });
    }
    // The peers of a ROUTER send again what was not acknowledged.
    const onLost = socket instanceof this.#client.Router ? () => {} : lost(UNPUBLISHED);
    return new FrameBuffer({ most, onLost });
  }
}

const UNPUBLISHED = 'they were received, and not published, when the connection ended';

interface AnyBuffer {
  push(frames: Frames): Promise<void> | void;
  take(most: number): Promise<readonly Frames[]>;
  fail(error: unknown): void;
}

async function receive(socket: Pull | Router | Subscriber, buffer: AnyBuffer): Promise<void> {
  try {
    for await (const frames of socket) await buffer.push(frames);
    buffer.fail(new Error('the socket was closed'));
  } catch (error) {
    buffer.fail(error);
  }
}

interface Parts {
  readonly link: ZeromqLink;
  readonly buffer: AnyBuffer;
  /** Stands for the topic, where a message has none. */
  readonly address: string;
}

async function closeParts({ link, buffer }: Parts): Promise<void> {
  buffer.fail(new Error('the source was closed'));
  await link.close();
}

class OpenLossySource implements OpenSource {
  readonly forgets = true;
  readonly #parts: Parts;
  readonly #positions: RunPositions;
  readonly #hasTopics: boolean;

  constructor(parts: Parts, positions: RunPositions, hasTopics: boolean) {
    this.#parts = parts;
    this.#positions = positions;
    this.#hasTopics = hasTopics;
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    return (await this.#parts.buffer.take(most)).map((frames) => this.#recordOf(frames));
  }

  #recordOf(frames: Frames): SourceRecord {
    const topic = this.#hasTopics ? (frames[0]?.toString() ?? '') : this.#parts.address;
    const content = readContent(this.#hasTopics ? frames.slice(1) : frames);
    return { once: this.#positions.next(), topic, subject: topic, key: undefined, ...content };
  }

  /** Nobody waits for it. */
  async acknowledge(): Promise<void> {}

  close(): Promise<void> {
    return closeParts(this.#parts);
  }
}

/** Where an acknowledgement goes. */
interface Sender {
  /** The identity of the peer, and the empty frame of a REQ socket. */
  readonly route: Frames;
  readonly id: Buffer;
}

class OpenRouterSource implements OpenSource {
  readonly #parts: Parts;
  readonly #socket: Router;
  readonly #read = new Map<SourceRecord, Sender>();

  constructor(parts: Parts, socket: Router) {
    this.#parts = parts;
    this.#socket = socket;
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    return (await this.#parts.buffer.take(most)).map((frames) => this.#recordOf(frames));
  }

  #recordOf(frames: Frames): SourceRecord {
    const length = frames[1]?.length === 0 ? 2 : 1;
    const [id = Buffer.alloc(0), ...rest] = frames.slice(length);
    const { address } = this.#parts;
    const once = { id: rest.length === 0 || id.length === 0 ? null : id.toString('base64url') };
    // Without an id, the only frame is all there is.
    const content = rest.length === 0 ? { headers: {}, body: id } : readContent(rest);
    const record = { once, topic: address, subject: address, key: undefined, ...content };
    this.#read.set(record, { route: frames.slice(0, length), id });
    return record;
  }

  /** The reply to a message is its id. A peer that has gone sends the message again. */
  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    for (const record of records) {
      const sender = this.#read.get(record);
      this.#read.delete(record);
      if (sender !== undefined) await this.#socket.send([...sender.route, sender.id]);
    }
  }

  close(): Promise<void> {
    return closeParts(this.#parts);
  }
}
