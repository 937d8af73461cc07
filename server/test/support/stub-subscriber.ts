import { json, type Push, type ServerMessage } from '@sluice/protocol';
import { Standings } from '../../src/channels/standings.ts';
import type { Subscriber } from '../../src/channels/subscriber.ts';
import { jsonWire } from '../../src/protocols/native/json-wire.ts';
import type { Connection, Fanout } from '../../src/transport/connection.ts';

/** A connection that records its topics. The test sets its buffer state. */
export class StubConnection implements Connection {
  readonly id: string;
  readonly address = '127.0.0.1';
  readonly protocol = 'sluice.v1.json';
  readonly topics = new Set<string>();
  buffered = 0;
  congested = false;

  constructor(id: string) {
    this.id = id;
  }

  send(): void {}
  close(): void {}
  trust(): void {}

  hasRoom(lowWater: number): boolean {
    return !this.congested && this.buffered < lowWater;
  }

  join(topic: string): void {
    this.topics.add(topic);
  }

  leave(topic: string): void {
    this.topics.delete(topic);
  }
}

/** Holds cursors, and records what it received. */
export class StubSubscriber implements Subscriber {
  readonly connection: StubConnection;
  readonly wire = jsonWire;
  readonly standings = new Standings();
  readonly received: ServerMessage[] = [];
  cut = 0;
  /** Called for each frame, to change the connection's buffer. */
  onFrame: (bytes: number) => void = () => {};

  constructor(id = 'c1') {
    this.connection = new StubConnection(id);
  }

  push(push: Push): void {
    this.received.push(push);
  }

  sendFrame(frame: Uint8Array): void {
    this.receive(frame);
    this.onFrame(frame.byteLength);
  }

  receive(frame: Uint8Array): void {
    this.received.push(json.decode(Buffer.from(frame).toString('utf8')) as ServerMessage);
  }

  release(): void {}

  /** What it was charged for: replayed messages and bytes, bytes of lists. */
  readonly charged = { messages: 0, bytes: 0, lists: 0 };
  debt = 0;

  chargeReplay(messages: number, bytes: number): void {
    this.charged.messages += messages;
    this.charged.bytes += bytes;
  }

  chargeList(bytes: number): void {
    this.charged.lists += bytes;
  }

  cutSlowReader(): void {
    this.cut++;
  }

  /** The offsets of the messages that it received. */
  get offsets(): number[] {
    return this.received.flatMap((message) =>
      message.type === 'messages' ? message.messages.map(({ offset }) => offset) : [],
    );
  }

  /** What it received, in short: `3-5` for messages, `gap 5>8`, `live`. */
  get summary(): string[] {
    return this.received.map((message) => {
      if (message.type === 'messages') {
        const [first, last] = [message.messages[0]?.offset, message.messages.at(-1)?.offset];
        return first === last ? `${first}` : `${first}-${last}`;
      }
      if (message.type === 'gap') {
        const latest = message.latest?.map(({ offset }) => offset).join() ?? '';
        return `gap ${message.from.offset}>${message.to.offset} ${message.reason} ${latest}`.trim();
      }
      return message.type;
    });
  }
}

/** Fan-out to stub subscribers. */
export class StubFanout implements Fanout {
  readonly batchLimit = 16_384;
  readonly subscribers: StubSubscriber[] = [];
  published = 0;

  publish(topic: string, published: string | Uint8Array): void {
    const frame = typeof published === 'string' ? Buffer.from(published) : published;
    this.published++;
    for (const subscriber of this.subscribers) if (subscriber.connection.topics.has(topic)) subscriber.receive(frame);
  }
}
