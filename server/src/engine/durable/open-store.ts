import { dirname, join } from 'node:path';
import { JournaledStore, type OpenOptions } from './journal/journaled-store.ts';
import { LmdbStore } from './lmdb-store.ts';
import type { Store } from './store.ts';

/** Files of the journal, without their numbers. */
export const JOURNAL = 'journal';

/**
 * Opens the store of a data folder: LMDB behind a journal.
 *
 * @param path of LMDB's file, which must have been checked
 */
export async function openStore(path: string, options: OpenOptions): Promise<Store> {
  const tables = await LmdbStore.open(path);
  try {
    return await JournaledStore.open(tables, join(dirname(path), JOURNAL), options);
  } catch (error) {
    await tables.close();
    throw error;
  }
}
