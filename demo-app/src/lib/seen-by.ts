import type { Position } from '@sluice/client';
import type { Entry } from '@sluice/client/svelte';

interface SeenInput {
  readonly entries: readonly Entry[];
  /** Up to where each person has read. */
  readonly readTo: ReadonlyMap<string, Position>;
  /** People whose marks are shown. */
  readonly people: readonly string[];
}

/** Where the read marks of people stand: the key of a message to those who have read up to it, and did not write it. */
export function seenBy({ entries, readTo, people }: SeenInput): ReadonlyMap<string, readonly string[]> {
  const marks = new Map<string, string[]>();
  for (const person of people) {
    const key = lastRead(entries, person, readTo.get(person));
    if (key !== undefined) marks.set(key, [...(marks.get(key) ?? []), person]);
  }
  return marks;
}

/** A later position of the same person; offsets of another epoch say nothing about this one's. */
export function furthest(known: Position | undefined, told: Position): Position {
  return known?.epoch === told.epoch && known.offset > told.offset ? known : told;
}

function lastRead(entries: readonly Entry[], person: string, to: Position | undefined): string | undefined {
  if (to === undefined) return undefined;
  const entry = entries.findLast(
    (candidate) =>
      candidate.kind === 'message' && candidate.message.epoch === to.epoch && candidate.message.offset <= to.offset,
  );
  return entry?.kind === 'message' && entry.message.from !== person ? entry.key : undefined;
}
