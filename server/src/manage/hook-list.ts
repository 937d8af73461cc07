import type { Cluster } from '../cluster/cluster.ts';
import { type HookCounts, type HookDuration, type HookError, type HookStatus, NO_CALLS } from '../hooks/hook-record.ts';
import { Refusal } from '../refusal.ts';
import type { OverAllNodes } from './types.ts';

/** `paused`: the circuit breaker is open; `failing`: the latest call failed. Each node has its own. */
export type HookState = 'ok' | 'failing' | 'paused';

/** A hook over all nodes. Its numbers are counted since each node started. */
export interface ListedHook extends HookCounts, Pick<HookStatus, 'name' | 'on' | 'channels' | 'onFailure' | 'cache'> {
  /** The worst state of all nodes. */
  readonly state: HookState;
  /** The nodes that answered, by name. */
  readonly nodes: readonly HookNode[];
  /** The numbers by operation; also `respond`, for requests that it answers. */
  readonly operations: Readonly<Record<string, HookCounts>>;
  readonly duration: HookDuration;
  /** When the hook gave its latest answer to any node: milliseconds since the Unix epoch. */
  readonly lastAnswered?: number;
  /** The latest error of all nodes. It may be over. */
  readonly lastError?: HookError & { readonly node: string };
}

/** How a hook does on one node. */
export interface HookNode {
  readonly node: string;
  readonly state: HookState;
  /** Calls in a row that were sent and failed. */
  readonly failures: number;
}

/** The hooks of all nodes, by name. */
export interface HookReport extends OverAllNodes {
  readonly hooks: readonly ListedHook[];
}

/** One hook. */
export interface OneHook extends ListedHook, OverAllNodes {}

export interface HookListParts {
  readonly cluster: Pick<Cluster, 'ask' | 'answer'>;
  /** The hooks of this node. */
  readonly hooks: { readonly status: readonly HookStatus[] };
}

type LocalHook = HookStatus & { readonly node: string };

/** Lists the hooks of all nodes. It does not check permissions. */
export class HookList {
  readonly #cluster: HookListParts['cluster'];

  constructor({ cluster, hooks }: HookListParts) {
    this.#cluster = cluster;
    cluster.answer('manage.hooks', () => ({ hooks: hooks.status }));
  }

  /** @throws EngineUnavailable */
  async report(): Promise<HookReport> {
    const { answers, missing } = await this.#cluster.ask<{ hooks: readonly HookStatus[] }>('manage.hooks', null);
    const byName = new Map<string, LocalHook[]>();
    for (const { node, answer } of answers) {
      for (const hook of answer.hooks) byName.set(hook.name, [...(byName.get(hook.name) ?? []), { ...hook, node }]);
    }
    const hooks = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, local]) => mergeHook(local));
    return missing.length === 0 ? { hooks } : { hooks, missing };
  }

  /** @throws EngineUnavailable */
  async find(name: string): Promise<OneHook | Refusal> {
    const { hooks, ...missing } = await this.report();
    const found = hooks.find((hook) => hook.name === name);
    return found === undefined ? unknown(name) : { ...found, ...missing };
  }
}

const unknown = (name: string): Refusal => new Refusal('not_found', `no hook is called "${name.slice(0, 64)}"`);

/** The worst first. */
const STATES: readonly HookState[] = ['paused', 'failing', 'ok'];

const stateOf = ({ isPaused, failures }: HookStatus): HookState => {
  if (isPaused) return 'paused';
  return failures > 0 ? 'failing' : 'ok';
};

/** One hook, as its nodes know it. @param local at least one */
export function mergeHook(local: readonly LocalHook[]): ListedHook {
  const [first] = local;
  if (first === undefined) throw new RangeError('a hook is known to at least one node');
  const { name, on, channels, onFailure } = first;
  const nodes = local
    .map((hook) => ({ node: hook.node, state: stateOf(hook), failures: hook.failures }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  const answered = local.flatMap(({ lastAnswered }) => (lastAnswered === undefined ? [] : [lastAnswered]));
  const [lastError] = local
    .flatMap((hook) => (hook.lastError === undefined ? [] : [{ ...hook.lastError, node: hook.node }]))
    .sort((a, b) => b.time - a.time);
  const operations = operationsOf(local);
  return {
    ...{ name, on, channels, onFailure, nodes, operations },
    state: STATES.find((state) => nodes.some((node) => node.state === state)) ?? 'ok',
    ...Object.values(operations).reduce(addCounts, NO_CALLS),
    cache: { hits: sum(local, ({ cache }) => cache.hits), fallbacks: sum(local, ({ cache }) => cache.fallbacks) },
    duration: durationOf(local),
    ...(answered.length > 0 && { lastAnswered: Math.max(...answered) }),
    ...(lastError && { lastError }),
  };
}

function operationsOf(local: readonly LocalHook[]): Readonly<Record<string, HookCounts>> {
  const merged = new Map<string, HookCounts>();
  for (const { operations } of local) {
    for (const [operation, counts] of Object.entries(operations)) {
      merged.set(operation, addCounts(merged.get(operation) ?? NO_CALLS, counts));
    }
  }
  return Object.fromEntries(merged);
}

const addCounts = (a: HookCounts, b: HookCounts): HookCounts => ({
  calls: a.calls + b.calls,
  failed: a.failed + b.failed,
  timedOut: a.timedOut + b.timedOut,
  notSent: a.notSent + b.notSent,
});

function durationOf(local: readonly LocalHook[]): HookDuration {
  const calls = sum(local, ({ duration }) => duration.calls);
  const total = sum(local, ({ duration }) => duration.mean * duration.calls);
  const longest = Math.max(...local.map(({ duration }) => duration.longest));
  return { calls, mean: calls === 0 ? 0 : Math.round(total / calls), longest };
}

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((total, one) => total + of(one), 0);
