import { nanoid } from 'nanoid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mailbox, Nodes, RespondingNode } from '../nodes.ts';

/** An engine's nodes under test. */
export interface NodesBench {
  /** Two views of the same cluster: of two processes, or the same one twice. */
  readonly nodes: readonly [Nodes, Nodes];
  /** Lets a process die without closing its mailboxes, and its lease expire. Absent: a process cannot die alone. */
  readonly die?: (at: 0 | 1) => Promise<void>;
  close(): void | Promise<void>;
}

/** A mailbox, and what it has received: `from message`. */
interface Open {
  readonly mailbox: Mailbox;
  readonly received: string[];
}

const byNode = (a: RespondingNode, b: RespondingNode) => a.node.localeCompare(b.node);

/** The suite that the nodes of every engine must pass: the requirements of `engine/nodes.ts`. */
export function nodesConformance(name: string, create: () => NodesBench | Promise<NodesBench>): void {
  describe(`nodes on ${name}`, () => {
    let bench: NodesBench;

    beforeEach(async () => {
      bench = await create();
    });
    afterEach(() => bench.close());

    async function open(at: 0 | 1): Promise<Open> {
      const received: string[] = [];
      const mailbox = await bench.nodes[at].open(nanoid(12), {
        received: (from, message) => void received.push(`${from} ${message}`),
      });
      return { mailbox, received };
    }

    const respondersOf = async ({ mailbox }: Open, channel: string) =>
      [...(await mailbox.responders(channel))].sort(byNode);
    const offerOf = ({ mailbox }: Open, capacity: number) => ({ node: mailbox.address, capacity });

    it('opens a mailbox at the given address', async () => {
      expect((await bench.nodes[0].open('an-Address_0', { received: () => {} })).address).toBe('an-Address_0');
    });

    it('delivers messages to one mailbox only, with the address of the sender', async () => {
      const [a, b, c] = [await open(0), await open(1), await open(1)];
      expect(await a.mailbox.send(b.mailbox.address, 'hello')).toBe(true);
      await expect.poll(() => b.received).toEqual([`${a.mailbox.address} hello`]);
      expect(await b.mailbox.send(a.mailbox.address, '"quoted" ü€😀 \n')).toBe(true);
      await expect.poll(() => a.received).toEqual([`${b.mailbox.address} "quoted" ü€😀 \n`]);
      expect(c.received).toEqual([]);
    });

    it('delivers messages to the mailbox that sends them', async () => {
      const a = await open(0);
      await a.mailbox.send(a.mailbox.address, 'note');
      await expect.poll(() => a.received).toEqual([`${a.mailbox.address} note`]);
    });

    it('keeps the order of messages, sent without waiting', async () => {
      const [a, b] = [await open(0), await open(1)];
      const sent = Array.from({ length: 200 }, (_, at) => `${at}`);
      await Promise.all(sent.map((message) => a.mailbox.send(b.mailbox.address, message)));
      await expect.poll(() => b.received).toEqual(sent.map((message) => `${a.mailbox.address} ${message}`));
    });

    it('delivers a message of 1 MiB', async () => {
      const [a, b] = [await open(0), await open(1)];
      await a.mailbox.send(b.mailbox.address, 'x'.repeat(1_048_576));
      await expect.poll(() => b.received[0]?.length).toBe(1_048_576 + a.mailbox.address.length + 1);
    });

    it('knows that nobody received a message for an address that does not exist', async () => {
      const [a, b] = [await open(0), await open(1)];
      expect(await a.mailbox.send('nobody', 'hello')).toBe(false);
      await b.mailbox.close();
      await expect.poll(() => a.mailbox.send(b.mailbox.address, 'hello')).toBe(false);
      expect(b.received).toEqual([]);
    });

    it('lists the offers for a channel, on every node', async () => {
      const [a, b] = [await open(0), await open(1)];
      expect(await respondersOf(a, 'x')).toEqual([]);
      await a.mailbox.offer('x', 16);
      await b.mailbox.offer('x', 3);
      await b.mailbox.offer('y', 1);
      const all = [offerOf(a, 16), offerOf(b, 3)].sort(byNode);
      await expect.poll(() => respondersOf(a, 'x')).toEqual(all);
      await expect.poll(() => respondersOf(b, 'x')).toEqual(all);
      await expect.poll(() => respondersOf(a, 'y')).toEqual([offerOf(b, 1)]);
    });

    it('replaces and withdraws offers', async () => {
      const [a, b] = [await open(0), await open(1)];
      await a.mailbox.offer('x', 16);
      await a.mailbox.offer('x', 32);
      await expect.poll(() => respondersOf(b, 'x')).toEqual([offerOf(a, 32)]);
      await a.mailbox.offer('x', 0);
      await a.mailbox.offer('never', 0);
      await expect.poll(() => respondersOf(b, 'x')).toEqual([]);
    });

    it('withdraws the offers of a mailbox that closes', async () => {
      const [a, b] = [await open(0), await open(1)];
      await b.mailbox.offer('x', 1);
      await expect.poll(() => respondersOf(a, 'x')).toEqual([offerOf(b, 1)]);
      await b.mailbox.close();
      await expect.poll(() => respondersOf(a, 'x')).toEqual([]);
    });

    it('forgets a process that has died', async ({ skip }) => {
      if (bench.die === undefined) return skip('the process that holds the nodes is the one that would die');
      const [a, b] = [await open(0), await open(1)];
      await a.mailbox.offer('x', 1);
      await b.mailbox.offer('x', 1);
      await expect.poll(() => respondersOf(a, 'x')).toHaveLength(2);
      await bench.die(1);
      await expect.poll(() => respondersOf(a, 'x')).toEqual([offerOf(a, 1)]);
      await expect.poll(() => a.mailbox.send(b.mailbox.address, 'hello')).toBe(false);
    });
  });
}
