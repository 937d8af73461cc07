import { type Entry, PENDING } from './entry.ts';
import { FINISHED } from './ledger.ts';
import type { Writes } from './store.ts';

// Smaller than the distance between two entries that the disk rejected.
const GRAIN = 2 ** -26;

/** What this page knows when it reads the disk. */
export interface Knowledge {
  /** In sending order. */
  readonly entries: readonly Entry[];
  get(key: string): Entry | undefined;
  /** Is it accepted or discarded? */
  isFinished(key: string): boolean;
  /** The ledger's notes from the time when the disk could not be written. */
  readonly notes: ReadonlyMap<string, number>;
  /** Is the database a new one, not the one that this page used before? */
  readonly isNew: boolean;
}

/** The writes that bring the disk up to date with this page. */
export function plan(onDisk: readonly Entry[], known: Knowledge): Writes {
  const put: Entry[] = [];
  const remove: number[] = [];
  const places = new Map<string, number>();
  for (const entry of onDisk) {
    const after = places.has(entry.key) ? undefined : current(entry, known);
    places.set(entry.key, entry.order);
    if (!after) remove.push(entry.order);
    else if (after !== entry) put.push(after);
  }
  const taken = new Set(places.values());
  let last = 0;
  for (const entry of known.entries) {
    const { key, order, stored } = entry;
    const place = places.get(key);
    // Entries that this page published earlier may have got another place than it knew.
    if (place !== undefined) last = Math.max(last, place);
    else if ((known.isNew || !stored) && order < PENDING)
      put.push({ ...entry, order: freePlace(order > last ? order : last + GRAIN, taken), stored: true });
  }
  return { put, remove };
}

/** Another tab may have put an entry at the same place. */
function freePlace(wished: number, taken: Set<number>): number {
  let place = wished;
  for (let step = GRAIN; taken.has(place); step *= 2) place += step;
  taken.add(place);
  return place;
}

/** The entry that replaces one on disk; `undefined` removes it. */
function current(entry: Entry, known: Knowledge): Entry | undefined {
  const { key, order, status, version } = entry;
  const note = known.notes.get(key);
  if (known.isFinished(key) || note === FINISHED) return undefined;
  const own = known.get(key);
  if (own && own.version > version) return { ...own, order, stored: true };
  if (note === undefined || status !== 'queued') return entry;
  return { ...entry, status: 'sent', sentAt: note, version: version + 1 };
}
