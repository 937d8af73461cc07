import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@sluice/client';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { mintToken } from '../../server/src/auth/mint.ts';
import { RULES } from '../src/channels.ts';
import { Cluster, SECRET } from '../src/cluster.ts';
import { Ledger, type Payload } from '../src/ledger.ts';
import { Reader } from '../src/reader.ts';
import { until } from '../src/until.ts';

/** A roll-out with 2,000 clients takes half a minute or more; these numbers are a scaled-down version. */
const CLIENTS = Number(process.env.SLUICE_ROLLING_CLIENTS ?? 200);
/** Connections per second that a drain closes. */
const RATE = CLIENTS >= 1_000 ? 500 : 200;
/** Milliseconds between two messages: all clients read them in this one process. */
const RHYTHM = CLIENTS >= 1_000 ? 200 : 20;
const CHANNEL = 'safe:a';

/** When clients connected to a node: milliseconds since the Unix epoch. */
type Arrivals = Map<number, number[]>;

/** Many SDK clients in this process, which connect to any node that accepts connections. */
class ClientPool {
  readonly faults: string[] = [];
  readonly arrivals: Arrivals = new Map();
  readonly readers: Reader[] = [];
  readonly clients: Client[] = [];
  readonly ledger = new Ledger({ keeps: true });
  #number = 0;

  async join(cluster: Cluster, count: number): Promise<void> {
    const { arrivals } = this;
    class Balanced extends WebSocket {
      constructor(_url: string | URL, protocols?: string | string[]) {
        const port = cluster.choose() ?? 1;
        arrivals.set(port, [...(arrivals.get(port) ?? []), Date.now()]);
        super(`ws://127.0.0.1:${port}/ws`, protocols);
      }
    }
    const onFault = (text: string) => this.faults.push(text);
    for (let at = 0; at < count; at++) {
      const token = await mintToken({ secret: SECRET, algorithm: 'HS256', expiresIn: 3_600_000, sub: `user-${at}` });
      const client = createClient({ url: 'ws://balanced/ws', token, WebSocket: Balanced });
      const reader = new Reader({ channel: CHANNEL, ledger: this.ledger, keeps: true, onFault });
      const subscription = client.channel<Payload>(CHANNEL).subscribe((message) => reader.message(message), {
        onGap: (gap) => reader.gap(gap),
        onState: () => {
          reader.position ??= subscription.position;
        },
      });
      this.clients.push(client);
      this.readers.push(reader);
    }
    await until(() => this.readers.every(({ position }) => position !== undefined), {
      what: () => 'not all clients have connected',
    });
  }

  /**
   * The first client publishes one message after the other, each after the acknowledgement of the
   * one before.
   */
  async publish(): Promise<number> {
    const n = ++this.#number;
    const channel = this.clients[0]?.channel<Payload>(CHANNEL);
    const place = await channel?.publish({ n, by: 'user-0' });
    if (place === undefined) throw new Error('there is no client to publish');
    const problem = this.ledger.acknowledged({ ...place, channel: CHANNEL, n }, 'user-0');
    if (problem !== undefined) this.faults.push(problem);
    return place.offset;
  }

  /**
   * Publishes numbers until it is stopped.
   * @returns a function that stops it, and resolves when all clients have received the last number
   */
  publishNumbers(): () => Promise<void> {
    let last = Promise.resolve(0);
    const ticking = setInterval(() => {
      last = last.then(() => this.publish());
      last.catch((error: unknown) => this.faults.push(`a publish failed: ${String(error)}`));
    }, RHYTHM);
    return async () => {
      clearInterval(ticking);
      const head = await last;
      const behind = () => this.readers.filter(({ position }) => position?.offset !== head).length;
      await until(() => behind() === 0, { what: () => `${behind()} clients are not at ${head}` });
    };
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

/**
 * How far arrivals ever were ahead of the rate, in connections; and the most in any 100 ms. The nth
 * client is closed (n − 1) / rate seconds after the drain began. A busy machine may be late and
 * then handle late clients together, so a single window proves nothing; but no client can arrive
 * early. So the sum is checked at each arrival.
 */
function arrivalRate(times: readonly number[], since: number): { ahead: number; peak: number } {
  const ahead = times.map((time, at) => at - ((time - since) / 1_000) * RATE);
  const peak = times.map((time) => times.filter((other) => other >= time && other < time + 100).length);
  return { ahead: Math.max(...ahead), peak: Math.max(...peak) };
}

let cluster: Cluster | undefined;
const folder = mkdtempSync(join(tmpdir(), 'sluice-rolling-'));
afterEach(async () => {
  await cluster?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('a rolling deploy', () => {
  it('loses nothing, repeats nothing, and moves clients at the configured rate', { timeout: 300_000 }, async () => {
    const pool = new ClientPool();
    cluster = new Cluster({
      engine: 'redis',
      nodes: 2,
      folder,
      channels: { 'safe:{name}': RULES.safe },
      config: { drain: '60s', drainPace: RATE },
      onFault: (text) => pool.faults.push(text),
    });
    await cluster.start();
    await pool.join(cluster, CLIENTS);
    const finish = pool.publishNumbers();
    for (const [at, node] of cluster.nodes.entries()) {
      const other = cluster.nodes[1 - at]?.port ?? 0;
      // Before the second node is restarted, all clients are connected to it.
      const moving = at === 0 ? CLIENTS - (pool.arrivals.get(other)?.length ?? 0) : CLIENTS;
      pool.arrivals.set(other, []);
      expect(await node.drain(), node.tail).toBe(0);
      await until(() => pool.clients.every(({ state }) => state === 'connected'), {
        what: () => 'not all clients have reconnected',
      });
      const times = pool.arrivals.get(other) ?? [];
      const { ahead, peak } = arrivalRate(times, node.drainedAt ?? 0);
      process.stdout.write(`${node.name}: ${times.length} clients moved, at most ${peak} in 100 ms, rate ${RATE}/s\n`);
      expect(times).toHaveLength(moving);
      // Two milliseconds, because both times are rounded to milliseconds.
      expect(ahead).toBeLessThanOrEqual((2 * RATE) / 1_000);
      await node.start();
    }
    await finish();
    pool.close();
    expect(pool.faults.slice(0, 5)).toEqual([]);
    expect(pool.readers.reduce((sum, { gaps }) => sum + gaps, 0)).toBe(0);
    expect(pool.ledger.acknowledgements).toBeGreaterThan(10);
  });
});
