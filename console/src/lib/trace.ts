import type { ReportedDecision, TapEntry } from '../state/types.ts';
import { describe, type Tone, toneOf } from './decision-words.ts';
import { describeEntry, toneOfEntry } from './entry-words.ts';

/** One thing that a node did or decided, as the trace of a user shows it. */
export interface Step {
  readonly time: number;
  readonly node: string;
  readonly connection: string;
  readonly kind: string;
  readonly tone: Tone;
  readonly text: string;
  readonly data?: unknown;
  /** What was denied, to ask why. */
  readonly denied?: { readonly channel: string; readonly verb: string };
}

/** Milliseconds between what a tap and what the memory of a node says about the same event. */
const TWIN = 5;

/**
 * What is seen live, and before it what the nodes remember, newest first. What is in both appears
 * once.
 */
export function traceOf(entries: readonly TapEntry[], decisions: readonly ReportedDecision[]): readonly Step[] {
  const seen = new Map<string, number[]>();
  for (const { type, connection = '', time } of entries) {
    const key = `${NAMES[type] ?? type} ${connection}`;
    seen.set(key, [...(seen.get(key) ?? []), time]);
  }
  const isSeen = ({ kind, connection, time }: ReportedDecision) =>
    seen.get(`${kind} ${connection}`)?.some((other) => Math.abs(other - time) <= TWIN) === true;
  const before = decisions.filter((decision) => !isSeen(decision));
  return [...entries.map(stepOfEntry), ...before.map(stepOfDecision)].sort((a, b) => b.time - a.time);
}

/** What a tap calls otherwise than the memory of decisions does. */
const NAMES: Readonly<Record<string, string>> = { connected: 'authenticated' };

const stepOfEntry = (entry: TapEntry): Step => ({
  ...{ time: entry.time, node: entry.node, connection: entry.connection ?? '', kind: entry.type },
  ...{ tone: toneOfEntry(entry), text: describeEntry(entry) },
  ...('data' in entry ? { data: entry.data } : {}),
  ...(entry.type === 'refused' && deniedOf(entry)),
});

const stepOfDecision = (decision: ReportedDecision): Step => ({
  ...{ time: decision.time, node: decision.node, connection: decision.connection },
  ...{ kind: decision.kind === 'authenticated' ? 'connected' : decision.kind },
  ...{ tone: toneOf(decision), text: describe(decision) },
  ...(decision.kind === 'refused' && deniedOf(decision)),
});

function deniedOf({ error, channel, command }: { error?: unknown; channel?: string | undefined; command?: unknown }) {
  if (error !== 'permission_denied' || channel === undefined) return {};
  return { denied: { channel, verb: String(command) } };
}
