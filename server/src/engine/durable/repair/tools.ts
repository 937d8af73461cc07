import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DataDirectory } from '../directory.ts';
import { DirectoryLock } from '../directory-lock.ts';
import { LmdbStore } from '../lmdb-store.ts';
import { TABLES } from '../store.ts';
import { syncFolder } from '../write-durably.ts';
import { type Counts, checkRows } from './check.ts';
import { Salvage, type Salvaged } from './salvage.ts';
import { Survey } from './survey.ts';

/** Content of a folder and its problems. */
export interface Checked extends Counts {
  readonly bytes: number;
  /** The first problems, in words. */
  readonly problems: readonly string[];
  readonly problemCount: number;
}

/**
 * Checks every page and every record of a data folder. Changes nothing in it.
 *
 * @throws Error if a gateway uses the folder, or it contains no store
 */
export function checkFolder(folder: string): Promise<Checked> {
  return withStore(folder, async (survey) => {
    const counts = checkRows(survey);
    const { bytes, problems, problemCount } = survey;
    return { ...counts, bytes, problems, problemCount };
  });
}

/**
 * Copies what can be read of a data folder into a new one.
 *
 * @param into a folder that does not exist yet, or is empty; it appears when all is copied
 * @throws Error where a gateway uses the folder, nothing can be read of it, or the new one cannot be made
 */
export function salvageFolder(folder: string, into: string): Promise<Salvaged & { readonly isWhole: boolean }> {
  return withStore(folder, async (survey) => {
    expectEmpty(into);
    checkRows(survey); // what records lack is a problem, too
    const target = resolve(into);
    const draft = await mkdtemp(join(dirname(target), `.${basename(target)}-`)).catch((error: Error) => {
      throw new Error(`cannot make a folder beside ${into} — ${error.message}`, { cause: error });
    });
    try {
      const salvaged = await fill(draft, survey);
      await rename(draft, target);
      await syncFolder(dirname(target));
      return { ...salvaged, isWhole: survey.isWhole };
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      throw error;
    }
  });
}

async function fill(folder: string, survey: Survey): Promise<Salvaged> {
  const directory = await DataDirectory.take(folder);
  try {
    const store = await LmdbStore.open(directory.store);
    try {
      const salvaged = await new Salvage(survey, store).run();
      if (salvaged.channels + salvaged.revocations === 0 && !survey.isWhole) {
        throw new Error(`nothing can be read of ${survey.path} — restore its folder from a backup`);
      }
      await directory.settle();
      return salvaged;
    } finally {
      await store.close();
    }
  } finally {
    await directory.release();
  }
}

function expectEmpty(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined || (found.isDirectory() && readdirSync(folder).length === 0)) return;
  throw new Error(`${folder} exists already — name a folder that does not, for --into`);
}

async function withStore<T>(folder: string, use: (survey: Survey) => Promise<T>): Promise<T> {
  const path = join(folder, 'log.mdb');
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new Error(`${folder} holds no store: there is no file log.mdb in it — name the folder of "durable.data"`);
  }
  const lock = await takeUnlessReadOnly(folder);
  try {
    const survey = Survey.of(path);
    try {
      expectOurs(survey);
      return await use(survey);
    } finally {
      survey.close();
    }
  } finally {
    await lock?.release();
  }
}

/** Without write permission, no process can be writing. */
async function takeUnlessReadOnly(folder: string): Promise<DirectoryLock | undefined> {
  try {
    return await DirectoryLock.take(folder, { holder: process.pid });
  } catch (error) {
    const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    if (code === 'EROFS' || code === 'EACCES') return undefined;
    throw error;
  }
}

function expectOurs(survey: Survey): void {
  const foreign = survey.tables.find((name) => !(TABLES as readonly string[]).includes(name));
  if (foreign === undefined || !survey.isWhole) return;
  throw new Error(`${survey.path} is the store of another program: it has a table ${JSON.stringify(foreign)}`);
}
