import { mkdirSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryLock } from './directory-lock.ts';

/** What the file `format` says; a later format has a greater number. */
const FORMAT = 1;
const NAME = 'sluice durable';

/** The folder that holds a durable engine's files: of one process at a time, in a format that this version knows. */
export class DataDirectory {
  readonly #lock: DirectoryLock;
  /** Path of the store's file. */
  readonly store: string;

  private constructor(path: string, lock: DirectoryLock) {
    this.#lock = lock;
    this.store = join(path, 'log.mdb');
  }

  /**
   * Takes the folder, and makes it where there is none.
   *
   * @throws Error when another process has it, when its format is unknown, or when it cannot be written
   */
  static async take(path: string): Promise<DataDirectory> {
    try {
      mkdirSync(path, { recursive: true });
    } catch (error) {
      throw new Error(`cannot make the data folder ${path} — ${(error as Error).message}`, { cause: error });
    }
    const lock = await DirectoryLock.take(path);
    try {
      const directory = new DataDirectory(path, lock);
      await checkFormat(path, directory.store);
      return directory;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }
}

async function checkFormat(path: string, store: string): Promise<void> {
  const file = join(path, 'format');
  const text = await readText(file);
  if (text === undefined) {
    if ((await exists(store)) === false) return writeDurably(path, file, `${NAME} ${FORMAT}\n`);
    throw new Error(`${path} holds a store, but not the file "format" — restore the whole folder from its backup`);
  }
  const [, version] = new RegExp(`^${NAME} (\\d+)\\s*$`).exec(text) ?? [];
  if (version === undefined) {
    throw new Error(`${file} is not of a Sluice data folder — choose another folder for durable.data`);
  }
  if (Number(version) !== FORMAT) {
    const known = `this version of Sluice reads format ${FORMAT}`;
    throw new Error(
      `${path} has format ${version}; ${known} — run the version that wrote it, or start with another folder`,
    );
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined);
  await handle?.close();
  return handle !== undefined;
}

/** Whole or not at all, also when the machine crashes meanwhile. */
async function writeDurably(folder: string, file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w');
  await handle.writeFile(text);
  await handle.sync();
  await handle.close();
  await rename(`${file}.new`, file);
  await syncFolder(folder);
}

/** Makes sure that the names of new files survive a crash of the machine. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
