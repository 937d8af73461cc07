import { mkdirSync } from 'node:fs';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFile, mendHead } from './check-file.ts';
import { DirectoryLock } from './directory-lock.ts';
import { keepPrivate, PRIVATE_FILE, PRIVATE_FOLDER } from './private-files.ts';

/** Content of the file `format`; a later format has a greater number. */
const FORMAT = 1;
const NAME = 'sluice durable';

/** The folder that holds a durable engine's files: of one process at a time, in a format that this version knows. */
export class DataDirectory {
  readonly #path: string;
  readonly #lock: DirectoryLock;
  /** Path of the store's file. */
  readonly store: string;

  private constructor(path: string, lock: DirectoryLock) {
    this.#path = path;
    this.#lock = lock;
    this.store = join(path, 'log.mdb');
  }

  /**
   * Takes the folder, and makes it where there is none.
   *
   * @param options.holder process that has to be stopped before another may have the folder; this one by default
   * @throws Error when another process has it, when its format is unknown, or when it cannot be written
   */
  static async take(path: string, { holder = process.pid }: { holder?: number } = {}): Promise<DataDirectory> {
    try {
      mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
    } catch (error) {
      throw new Error(`cannot make the data folder ${path} — ${(error as Error).message}`, { cause: error });
    }
    const lock = await DirectoryLock.take(path, { holder });
    try {
      const directory = new DataDirectory(path, lock);
      await checkFormat(path, directory.store);
      return directory;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Checks the store before it is opened, and repairs what can be repaired without loss.
   *
   * @returns what an operator should know
   * @throws Error that says what is wrong and what to do
   */
  async examine(): Promise<string[]> {
    const { isNew, lostHead } = checkFile(this.store);
    if (isNew && (await this.#hasBegun())) {
      throw new Error(
        `${this.store} is empty or gone, though it held channels — restore the whole folder from its backup, or, to begin with nothing, remove the folder`,
      );
    }
    if (lostHead === undefined) return [];
    // The lost head may have held acknowledged messages: no client may mistake this log for the one that it knew.
    await writeDurably(this.#path, join(this.#path, RESTORED), '');
    mendHead(this.store, lostHead);
    return [
      `one of the two heads of ${this.store} was damaged; the other one is in use, and all channels begin a new epoch: the last messages before the damage may be lost`,
    ];
  }

  /** A store that was written to is never silently replaced by a new one. */
  async #hasBegun(): Promise<boolean> {
    const [begun, reserve] = await Promise.all([
      isThere(join(this.#path, BEGUN)),
      isThere(join(this.#path, 'reserve')),
    ]);
    return begun || reserve;
  }

  /** The store is open, and has been written to. Returns what an operator should know. */
  async settle(): Promise<string[]> {
    const begun = join(this.#path, BEGUN);
    if (!(await isThere(begun))) await writeDurably(this.#path, begun, '');
    await syncFolder(this.#path);
    return keepPrivate(this.#path);
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }
}

/** The file that asks for a new life of all channels. */
export const RESTORED = 'restored';
/** The file that marks that a store exists. */
const BEGUN = 'begun';

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function checkFormat(path: string, store: string): Promise<void> {
  const file = join(path, 'format');
  const text = await readText(file);
  if (text === undefined) {
    if (!(await isThere(store))) return writeDurably(path, file, `${NAME} ${FORMAT}\n`);
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

/** Writes the whole file or nothing, even if the machine crashes. */
async function writeDurably(folder: string, file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w', PRIVATE_FILE);
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
