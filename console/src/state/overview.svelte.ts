import { type Buckets, bucketsOf, quantileBetween } from '../lib/samples.ts';
import type { Api } from './api.ts';
import { Poll } from './poll.svelte.ts';
import type { NodeList, NodeStatus } from './types.ts';

/** A reading of all nodes, with what happened since the one before. */
export interface Reading {
  /** Seconds since the Unix epoch. */
  readonly time: number;
  readonly connections: number;
  /** Messages per second. */
  readonly published: number;
  readonly delivered: number;
  readonly gaps: number;
  readonly errors: number;
  /** The busiest node's part of time in which the event loop was busy. */
  readonly busy: number;
  /** Milliseconds; `null`: nothing was published. */
  readonly latency: number | null;
}

/** A node, and its rates since the reading before. */
export interface NodeNow extends NodeStatus {
  readonly publishedRate: number;
  readonly deliveredRate: number;
  readonly gapRate: number;
  readonly errorRate: number;
  readonly busyNow: number;
}

/** Readings that the charts show: five minutes. */
const MOST = 150;

interface Before {
  readonly time: number;
  readonly nodes: ReadonlyMap<string, NodeStatus>;
  readonly latency: Buckets;
}

/** The cluster over time. */
export class Overview {
  readonly poll: Poll<NodeList>;
  readings = $state.raw<readonly Reading[]>([]);
  nodes = $state.raw<readonly NodeNow[]>([]);
  readonly #api: Api;
  #before: Before | undefined;

  constructor(api: Api) {
    this.#api = api;
    this.poll = new Poll(() => this.#read());
  }

  async #read(): Promise<NodeList> {
    const [list, latency] = await Promise.all([this.#api.get<NodeList>('nodes'), readLatency()]);
    const now: Before = {
      time: performance.now(),
      nodes: new Map(list.nodes.map((node) => [node.node, node])),
      latency,
    };
    this.#compare(this.#before, now);
    this.#before = now;
    return list;
  }

  #compare(before: Before | undefined, now: Before): void {
    this.nodes = [...now.nodes.values()].map((node) => compareNode(before, now, node));
    if (before === undefined) return;
    const sum = (of: (node: NodeNow) => number) => this.nodes.reduce((total, node) => total + of(node), 0);
    const latency = quantileBetween(before.latency, now.latency, 0.99);
    const reading: Reading = {
      time: Date.now() / 1_000,
      connections: sum(({ connections }) => connections),
      published: sum(({ publishedRate }) => publishedRate),
      delivered: sum(({ deliveredRate }) => deliveredRate),
      gaps: sum(({ gapRate }) => gapRate),
      errors: sum(({ errorRate }) => errorRate),
      busy: Math.max(0, ...this.nodes.map(({ busyNow }) => busyNow)),
      latency: latency === null ? null : latency * 1_000,
    };
    this.readings = [...this.readings, reading].slice(-MOST);
  }
}

function compareNode(before: Before | undefined, now: Before, node: NodeStatus): NodeNow {
  const last = before?.nodes.get(node.node);
  // A node that was restarted counts from 0 again.
  if (before === undefined || last === undefined || last.pid !== node.pid || last.uptime > node.uptime) {
    return { ...node, publishedRate: 0, deliveredRate: 0, gapRate: 0, errorRate: 0, busyNow: node.busy };
  }
  const seconds = (now.time - before.time) / 1_000;
  const perSecond = (name: keyof NodeStatus['totals']) => (node.totals[name] - last.totals[name]) / seconds;
  const since = node.uptime - last.uptime;
  const busy = since <= 0 ? node.busy : (node.busy * node.uptime - last.busy * last.uptime) / since;
  return {
    ...node,
    publishedRate: perSecond('published'),
    deliveredRate: perSecond('delivered'),
    gapRate: perSecond('gaps'),
    errorRate: perSecond('errors'),
    busyNow: Math.min(1, Math.max(0, busy)),
  };
}

/** How long publishes waited for the engine on the node that serves this page. Proxies may keep metrics inside. */
async function readLatency(): Promise<Buckets> {
  const response = await fetch('../metrics').catch(() => undefined);
  return response?.ok === true ? bucketsOf(await response.text(), 'sluice_publish_latency_seconds') : new Map();
}
