import type { ChaosClient } from './chaos-client.ts';
import type { ChaosUser } from './chaos-user.ts';
import type { Cluster } from './cluster.ts';
import type { Payload } from './ledger.ts';
import type { Fault } from './plan.ts';
import { pause } from './until.ts';

export interface Scene {
  readonly cluster: Cluster;
  /** Those who read and publish. */
  readonly clients: readonly ChaosClient[];
  /** Everybody with a network that can break: the clients first. */
  readonly users: readonly ChaosUser[];
  readonly payload: (by: string, size: number) => Payload;
  /** A node that was drained, or ended in another way. */
  readonly onDrained: (node: string, code: number | null) => void;
}

/** Bytes of a message that is too large for slow readers. */
const LARGE = 49_152;
/** The target of each fault: each target has only one fault at a time. */
const busy = new WeakMap<object, Promise<void>>();

/** Injects a fault, and repairs it afterwards. Faults to the same target run one after the other. */
export function inject(fault: Fault, scene: Scene): Promise<void> {
  const things = thingsOf(fault, scene);
  const before = things.map((thing) => busy.get(thing));
  const done = Promise.all(before).then(() => carryOut(fault, scene));
  for (const thing of things) busy.set(thing, done);
  return done;
}

function thingsOf(fault: Fault, scene: Scene): readonly object[] {
  const { cluster } = scene;
  if ('clients' in fault) return victims(fault, scene);
  if (fault.kind === 'kill' || fault.kind === 'drain') return [cluster.nodes[fault.node] ?? cluster];
  if (fault.kind === 'link-cut' || fault.kind === 'link-stall') return [cluster.links[fault.node] ?? cluster];
  return [cluster.redis ?? cluster];
}

/** The affected users: slow readers are picked from the subscribers of the channel with the burst. */
function victims(
  fault: Extract<Fault, { clients: unknown }>,
  { clients, users }: Pick<Scene, 'clients' | 'users'>,
): readonly ChaosUser[] {
  const concerned = fault.kind === 'slow' ? clients.filter((client) => client.reads(fault.channel)) : users;
  return [...new Set(fault.clients.flatMap((at) => concerned[at % concerned.length] ?? []))];
}

async function carryOut(fault: Fault, scene: Scene): Promise<void> {
  switch (fault.kind) {
    case 'kill':
    case 'drain':
      return endNode(fault, scene);
    case 'redis-kill':
    case 'redis-empty':
      return endRedis(fault, scene);
    case 'link-cut':
    case 'link-stall':
      return breakLink(fault, scene);
    default:
      return annoy(fault, scene);
  }
}

async function endNode(fault: Extract<Fault, { kind: 'kill' | 'drain' }>, scene: Scene): Promise<void> {
  const node = scene.cluster.nodes[fault.node];
  if (node === undefined) return;
  if (fault.kind === 'kill') await node.kill();
  else scene.onDrained(node.name, await node.drain());
  await pause(fault.length);
  await node.keepStarting();
}

async function endRedis({ kind, length }: Fault, { cluster: { redis } }: Scene): Promise<void> {
  await redis?.kill();
  await pause(length);
  if (kind === 'redis-empty') redis?.empty();
  await redis?.start();
}

async function breakLink(
  fault: Extract<Fault, { kind: 'link-cut' | 'link-stall' }>,
  { cluster }: Scene,
): Promise<void> {
  const link = cluster.links[fault.node];
  if (link === undefined) return;
  if (fault.kind === 'link-stall') link.hold({ mute: true, stalled: true });
  else {
    link.refusing = true;
    link.cut();
  }
  await pause(fault.length);
  link.refusing = false;
  link.hold();
}

async function annoy(fault: Extract<Fault, { clients: unknown }>, scene: Scene): Promise<void> {
  const clients = victims(fault, scene);
  for (const client of clients) {
    client.suffers(`${fault.kind} for ${fault.length} ms`);
    if (fault.kind === 'cut') client.network.cut();
    else if (fault.kind === 'mute') client.network.hold({ mute: true });
    else if (fault.kind === 'reload') client.close();
    else client.network.hold({ stalled: true });
  }
  if (fault.kind === 'slow') burst(fault, clients, scene);
  await pause(fault.length);
  for (const client of clients) {
    if (fault.kind === 'reload') client.open();
    else client.network.hold();
  }
}

/** More than the buffers of slow readers hold. */
function burst(
  { channel, messages }: Extract<Fault, { kind: 'slow' }>,
  slow: readonly ChaosUser[],
  { clients, payload }: Scene,
): void {
  const publisher = clients.find((client) => !slow.includes(client)) ?? clients[0];
  for (let count = 0; count < messages; count++) {
    void publisher?.publish(channel, payload(publisher.name, LARGE));
    // If a socket refuses a message of one channel, its messages of all channels are in doubt: some
    // are sent twice on the wire.
    void publisher?.publish('safe:a', payload(publisher.name, 0));
  }
}
