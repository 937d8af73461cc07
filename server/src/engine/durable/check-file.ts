import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Damage, expectSound } from './file/damage.ts';
import { type FileHead, isPair, readHeads, replacementOf } from './file/heads.ts';
import { StoreFile } from './file/store-file.ts';
import { StoreWalk } from './file/walk.ts';
import { TABLES } from './store.ts';

/**
 * Pages that are checked at every start: some 50 ms. Of a larger file these are the ones near the
 * roots, which most depends on.
 */
const PAGES_AT_START = 8_192;

export interface FileState {
  /** There is no file yet, or an empty one. */
  readonly isNew: boolean;
  /** The head that was damaged. The other one is valid and describes the store. */
  readonly lostHead: FileHead | undefined;
}

/**
 * Checks a store's file before LMDB maps it: LMDB ends the whole process on a damaged file.
 *
 * @throws Error that says what is wrong and what to do
 */
export function checkFile(path: string, { most = PAGES_AT_START }: { most?: number } = {}): FileState {
  const file = openFile(path);
  if (file === undefined) return { isNew: true, lostHead: undefined };
  try {
    return file.size === 0 ? { isNew: true, lostHead: undefined } : checkOpen(file, most);
  } catch (error) {
    if (error instanceof Damage) throw new Error(explainDamage(path, error.message), { cause: error });
    throw error;
  } finally {
    file.close();
  }
}

/** Says that a store's file is damaged, and what can be done. */
export function explainDamage(path: string, problem: string): string {
  const folder = dirname(path);
  const check = `"sluice durable check --data ${folder}" says more`;
  const salvage = `"sluice durable salvage --data ${folder} --into NEW" copies what can be read into the new folder NEW`;
  return `${path} is damaged: ${problem} — ${check}; ${salvage}; or restore the folder ${basename(folder)} from a backup`;
}

function openFile(path: string): StoreFile | undefined {
  try {
    return StoreFile.open(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Error(
      `the store ${path} cannot be opened: ${message} — move away what is there, or mend its permissions`,
      {
        cause: error,
      },
    );
  }
}

function checkOpen(file: StoreFile, most: number): FileState {
  const { all, newest } = readHeads(file);
  const damages = all.filter((head) => head instanceof Damage);
  if (newest === undefined) throw damages[0] ?? new Damage('it has no heads');
  const [first, second] = all;
  if (first !== undefined && second !== undefined && !(first instanceof Damage) && !(second instanceof Damage)) {
    expectSound(
      isPair(first, second),
      () => `its heads are of the transactions ${first.transaction} and ${second.transaction}`,
    );
  }
  checkTables(file, newest, most);
  return { isNew: newest.main.root === undefined, lostHead: damages.length > 0 ? newest : undefined };
}

function checkTables(file: StoreFile, head: FileHead, most: number): void {
  // If the file is too short, only a complete walk shows whether data is missing.
  const isShort = file.size < (head.last + 1) * head.pageSize;
  const walk = new StoreWalk(file, head, (damage) => {
    throw damage;
  });
  try {
    walk.across(isShort ? Number.POSITIVE_INFINITY : most);
  } finally {
    // Another program may use other tables. That the file is foreign is more useful to know than its faults.
    expectOwn(file.path, walk.tables);
  }
}

function expectOwn(path: string, tables: readonly string[]): void {
  const isOwn = (name: string) => (TABLES as readonly string[]).includes(name);
  const foreign = tables.find((name) => !isOwn(name));
  if (foreign === undefined) return;
  // Beside tables of ours it is one of ours whose name was damaged.
  expectSound(!tables.some(isOwn), () => `it has an unknown table ${JSON.stringify(foreign)}`);
  throw new Error(
    `${path} is the store of another program: it has a table ${JSON.stringify(foreign)} — choose another folder for durable.data`,
  );
}

/** Overwrites the damaged head with a copy of the valid one, so that LMDB can open the file. */
export function mendHead(path: string, sound: FileHead): void {
  const file = StoreFile.open(path);
  const page = replacementOf(file, sound);
  file.close();
  const handle = openSync(path, 'r+');
  try {
    writeSync(handle, page, 0, page.length, (1 - sound.index) * sound.pageSize);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
