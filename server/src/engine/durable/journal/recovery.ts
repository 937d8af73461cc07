import type { Change } from '../store.ts';
import { FIRST_RECORD, type JournalContent } from './journal-file.ts';
import { changesOf, type JournalRecord, readRecord, recordsFrom } from './journal-record.ts';

/** What a journal holds that the tables do not. */
export interface Recovered {
  /** In order. */
  readonly changes: readonly Change[];
  /** The greatest number in use; new transactions get greater ones. */
  readonly last: number;
  /** Why acknowledged transactions are missing; `undefined` if none is. */
  readonly loss: string | undefined;
}

/**
 * Finds the transactions that follow `applied`. The last record may be torn: its transaction was
 * not acknowledged. A record that is missing before another one was.
 *
 * @param applied number of the last transaction that is in the tables. If it is unknown, all are
 *   found that the journal still holds: repeating older ones does no harm if newer ones follow
 */
export function recover(contents: readonly JournalContent[], applied?: number): Recovered {
  const all = contents
    .flatMap((content) => (Buffer.isBuffer(content) ? readRun(content) : []))
    .sort((a, b) => a.record.number - b.record.number);
  const before = applied ?? (all[0]?.record.number ?? 1) - 1;
  const records = all.filter(({ record }) => record.number > before);
  const missing = records.findIndex(({ record }, at) => record.number !== before + 1 + at);
  const sound = missing < 0 ? records : records.slice(0, missing);
  const changes = sound.flatMap(({ content, record }) => changesOf(content, record));
  const last = before + sound.length;
  const highest = Math.max(last, ...contents.map(highestOf));
  const damaged = contents.find((content) => !Buffer.isBuffer(content));
  const loss = damaged !== undefined ? `a file is ${damaged}` : undefined;
  return { changes, last: highest, loss: highest > last ? `transaction ${last + 1} cannot be read` : loss };
}

interface Found {
  readonly content: Buffer;
  readonly record: JournalRecord;
}

/** The records from the start of a file, as long as they follow each other. */
function readRun(content: Buffer): Found[] {
  const found: Found[] = [];
  let record = readRecord(content, FIRST_RECORD);
  while (record !== undefined) {
    found.push({ content, record });
    const next = readRecord(content, record.end);
    record = next?.number === record.number + 1 ? next : undefined;
  }
  return found;
}

/** The greatest number of the sound records, wherever they are. */
function highestOf(content: JournalContent): number {
  if (!Buffer.isBuffer(content)) return 0;
  let highest = 0;
  for (const { number } of recordsFrom(content, FIRST_RECORD)) highest = Math.max(highest, number);
  return highest;
}
