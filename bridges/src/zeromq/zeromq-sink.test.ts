import { EventEmitter } from 'node:events';
import type { OutboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { wrapMessage } from '../envelope.ts';
import type { ZeromqClient } from './zeromq-link.ts';
import { ZeromqSink } from './zeromq-sink.ts';

/** A socket whose peer acknowledges some of what it gets, by its number. */
function clientWith(sent: string[][], acknowledges: ReadonlySet<string>) {
  class Dealer {
    readonly events = new EventEmitter();
    readonly #sent: string[] = [];
    readonly #acknowledged: Buffer[] = [];
    #wake = () => {};
    /** Is the sink waiting for acknowledgements? Then it has heard all. */
    isIdle = false;

    constructor() {
      sent.push(this.#sent);
      sockets.push(this);
    }

    async bind(): Promise<void> {}
    async unbind(): Promise<void> {}
    close(): void {}

    async send([id = '']: readonly (string | Buffer)[]): Promise<void> {
      this.#sent.push(`${id}`);
      if (acknowledges.has(`${id}`)) this.#acknowledged.push(Buffer.from(id));
      this.isIdle = false;
      this.#wake();
    }

    async *[Symbol.asyncIterator]() {
      while (true) {
        const next = this.#acknowledged.shift();
        if (next !== undefined) yield [next];
        else {
          this.isIdle = true;
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    }
  }
  const sockets: Dealer[] = [];
  class Push {
    readonly events = new EventEmitter();
    async bind(): Promise<void> {}
    async unbind(): Promise<void> {}
    close(): void {}
    async send(frames: readonly (string | Buffer)[]): Promise<void> {
      sent.push(frames.map(String));
    }
  }
  class Other {}
  return { client: { Dealer, Publisher: Other, Push } as unknown as ZeromqClient, sockets };
}

const bridgeTo = (socket: string) =>
  ({
    ...{ name: 'out', origin: 'sluice', inFlight: 256, envelope: 'raw', from: { channel: 'audit' } },
    ...{ connection: { url: 'tcp://peer:1', bind: true }, to: { socket } },
  }) as unknown as OutboundBridge;

const recordsOf = (bridge: OutboundBridge) =>
  [1, 2, 3].map((offset) =>
    wrapMessage('e', { id: `${offset}`, offset, time: 0, data: offset }, { bridge, origin: 'sluice', prefix: 'ce-' }),
  );

it('a PUSH socket reports each message that is accepted, and confirms none', async () => {
  const sent: string[][] = [];
  const config = bridgeTo('push');
  const sink = await new ZeromqSink(clientWith(sent, new Set()).client, config).open();
  const confirmed: number[] = [];
  const accepted: number[] = [];
  await sink.send(
    recordsOf(config),
    (at) => confirmed.push(at),
    () => accepted.push(sent.length),
  );
  await sink.close();
  expect([confirmed, accepted]).toEqual([[], [1, 2, 3]]);
});

it('a DEALER socket reports which messages a slow consumer has acknowledged before its connection was given up', async () => {
  const config = bridgeTo('dealer');
  const records = recordsOf(config);
  const [one = '', two = '', three = ''] = records.map(({ id }) => id);
  const sent: string[][] = [];
  const { client, sockets } = clientWith(sent, new Set([one, three]));
  const sink = await new ZeromqSink(client, config).open();
  const confirmed: number[] = [];
  const sending = sink.send(records, (at) => confirmed.push(at));
  sending.catch(() => {}); // expected below
  await expect.poll(() => sent[0]).toEqual([one, two, three]);
  await expect.poll(() => sockets[0]?.isIdle).toBe(true);
  await sink.close();
  await expect(sending).rejects.toThrow('the sink was closed');
  expect(confirmed).toEqual([0, 2]);
});
