import type { BrokerServer } from '../../../bridges/test/support/broker-server.ts';
import type { Cluster } from '../cluster.ts';
import { pause } from '../until.ts';
import type { BridgeFault } from './plan.ts';

export interface BridgeScene {
  readonly cluster: Cluster;
  /** By system. */
  readonly servers: ReadonlyMap<string, BrokerServer>;
  readonly killOf: (system: string) => 'SIGKILL' | 'SIGTERM';
  readonly onDrained: (node: string, code: number | null) => void;
}

/** What is being repaired: each target has only one fault at a time. */
const busy = new WeakMap<object, Promise<void>>();

/** Injects a fault, and repairs it afterwards. Faults to the same target run one after the other. */
export async function injectBridgeFault(fault: BridgeFault, scene: BridgeScene): Promise<void> {
  const target = targetOf(fault, scene);
  const done = (busy.get(target) ?? Promise.resolve()).then(() => carryOut(fault, scene));
  busy.set(target, done);
  return done;
}

function targetOf(fault: BridgeFault, { cluster, servers }: BridgeScene): object {
  if (fault.kind === 'broker-kill') return servers.get(fault.system) ?? servers;
  if (fault.kind === 'engine-kill') return cluster.redis ?? cluster;
  return cluster.nodes[fault.node] ?? cluster;
}

async function carryOut(fault: BridgeFault, scene: BridgeScene): Promise<void> {
  if (fault.kind === 'broker-kill') return endBroker(fault, scene);
  if (fault.kind === 'engine-kill') return endEngine(fault.length, scene.cluster);
  const node = scene.cluster.nodes[fault.node];
  if (node === undefined) return;
  if (fault.kind === 'gateway-kill') await node.kill();
  else scene.onDrained(node.name, await node.drain());
  await pause(fault.length);
  await node.keepStarting();
}

async function endBroker(
  { system, length }: Extract<BridgeFault, { kind: 'broker-kill' }>,
  { servers, killOf }: BridgeScene,
): Promise<void> {
  const server = servers.get(system);
  await server?.stop(killOf(system));
  await pause(length);
  await server?.restart();
}

async function endEngine(length: number, { redis }: Cluster): Promise<void> {
  await redis?.kill();
  await pause(length);
  await redis?.start();
}
