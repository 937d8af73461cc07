import { mkdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkFile, mendHead } from './check-file.ts';
import { DirectoryLock } from './directory-lock.ts';
import { keepPrivate, PRIVATE_FOLDER } from './private-files.ts';
import { syncFolder, writeDurably } from './write-durably.ts';

/** Content of the file `format`; a later format has a greater number. */
const FORMAT = 2;
/** The oldest format that can be read. A version that knows only this one must not miss what the journal holds. */
const OLDEST = 1;
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
    const found = [];
    if (lostHead !== undefined) {
      // The lost head may have held acknowledged messages.
      found.push(await this.beginAgain(`one of the two heads of ${this.store} was damaged; the other one is in use`));
      mendHead(this.store, lostHead);
    }
    await upgrade(this.#path);
    return found;
  }

  /**
   * Acknowledged messages may be lost: all channels get a new epoch, so that no client mistakes the
   * log for the one that it knew.
   *
   * @returns what an operator should know
   */
  async beginAgain(reason: string): Promise<string> {
    await writeDurably(this.#path, join(this.#path, RESTORED), '');
    return `${reason}, and all channels begin a new epoch: the last messages before the damage may be lost`;
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
  if (Number(version) >= OLDEST && Number(version) <= FORMAT) return;
  const known = `this version of Sluice reads the formats ${OLDEST} to ${FORMAT}`;
  throw new Error(
    `${path} has format ${version}; ${known} — run the version that wrote it, or start with another folder`,
  );
}

/** The journal of format 2 is the only difference: a folder of format 1 is one without it. */
async function upgrade(path: string): Promise<void> {
  const file = join(path, 'format');
  const text = `${NAME} ${FORMAT}\n`;
  if ((await readText(file)) !== text) await writeDurably(path, file, text);
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
