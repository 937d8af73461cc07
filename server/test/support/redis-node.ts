import { afterEach, expect } from 'vitest';
import type { AppendOptions } from '../../src/engine/engine.ts';
import type { PresenceChange } from '../../src/engine/presence.ts';
import { RedisEngine, type RedisEngineOptions } from '../../src/engine/redis/redis-engine.ts';

export const KEEP: AppendOptions = { retention: { count: 1_000, age: 3_600_000 }, window: 300_000 };
/** Timeout for a busy machine. */
export const WAIT = { timeout: 60_000 };

/** An engine, and all its announcements. */
export interface Node {
  readonly engine: RedisEngine;
  readonly received: string[];
  readonly interrupted: string[];
  readonly signals: string[];
  readonly changes: PresenceChange[];
  readonly advice: string[];
}

const engines: RedisEngine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

/** Starts an engine with short timeouts, which a busy machine can still keep, and closes it when the test ends. */
export async function startNode(options: RedisEngineOptions): Promise<Node> {
  const engine = new RedisEngine({ timeout: 2_000, lease: 2_000, ...options });
  engines.push(engine);
  const node: Node = { engine, received: [], interrupted: [], signals: [], changes: [], advice: [] };
  engine.presence.start((change) => node.changes.push(change));
  await engine.start({
    deliver: (_, epoch, { message }) => node.received.push(`${epoch} ${message.id}`),
    interrupted: (channel) => node.interrupted.push(channel),
    signal: (signal) => node.signals.push(JSON.stringify(signal)),
    warn: (advice) => node.advice.push(advice),
  });
  return node;
}

/** Appends to the channel `a`. */
export function append({ engine }: Node, id: string, options: AppendOptions = KEEP) {
  return engine.log.append('a', { id, time: Date.now(), data: id }, options);
}

/** Waits until every one of the nodes can use all its connections: each node reconnects at its own time. */
export async function recovered(...nodes: readonly Node[]): Promise<void> {
  for (const { engine } of nodes) await expect.poll(() => engine.trouble, WAIT).toBeUndefined();
}
