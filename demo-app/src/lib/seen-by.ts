import type { Position } from '@sluice/client';
import type { Entry } from '@sluice/client/svelte';

interface SeenInput {
  readonly entries: readonly Entry[];
  /** The last read position of each person. */
  readonly readTo: ReadonlyMap<string, Position>;
  /** People whose marks are shown. */
  readonly people: readonly string[];
}

/** The read marks: from the key of a message to the people who have read up to it and did not write it. */
export function seenBy({ entries, readTo, people }: SeenInput): ReadonlyMap<string, readonly string[]> {
  const marks = new Map<string, string[]>();
  for (const person of people) {
    const key = lastRead(entries, person, readTo.get(person));
    if (key !== undefined) marks.set(key, [...(marks.get(key) ?? []), person]);
  }
  return marks;
}

/** The later of two positions of a person. Offsets of different epochs are not comparable. */
export function furthest(known: Position | undefined, update: Position): Position {
  return known?.epoch === update.epoch && known.offset > update.offset ? known : update;
}

function lastRead(entries: readonly Entry[], person: string, to: Position | undefined): string | undefined {
  if (to === undefined) return undefined;
  const entry = entries.findLast(
    (candidate) =>
      candidate.kind === 'message' && candidate.message.epoch === to.epoch && candidate.message.offset <= to.offset,
  );
  return entry?.kind === 'message' && entry.message.from !== person ? entry.key : undefined;
}
