import { constants, readFileSync, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeDurably } from '../write-durably.ts';

const MARK = 'sluice journal 1\n';
const PAGE = 4096;
/** Records begin on the second page, so that no write of a record touches the mark. */
export const FIRST_RECORD = PAGE;
/** The file grows by whole steps of zeros, so that a flush within a step writes no metadata. */
const STEP = 256 * 1024;
const ZEROS = Buffer.alloc(PAGE);

/** With it, a write returns when it is flushed: one call instead of two. Elsewhere it may not reach the disk. */
const SYNCED = process.platform === 'linux' ? constants.O_DSYNC : 0;

/** What a file of the journal holds. */
export type JournalContent = 'missing' | 'damaged' | Buffer;

export function readJournal(path: string): JournalContent {
  try {
    const bytes = readFileSync(path);
    return bytes.toString('latin1', 0, MARK.length) === MARK ? bytes : 'damaged';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw error;
  }
}

/** One of the two files of the journal. It is written from its start to its end, again and again. */
export class JournalFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #size = FIRST_RECORD;
  /** Where the next record goes. */
  #at = FIRST_RECORD;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /**
   * Creates an empty file, which replaces one that is there. The system caches a file that was read
   * in large pieces, and would write such pieces for each record.
   */
  static async create(path: string): Promise<JournalFile> {
    await writeDurably(dirname(path), path, MARK);
    return new JournalFile(path, await open(path, constants.O_RDWR | SYNCED));
  }

  /** Bytes of its records. */
  get used(): number {
    return this.#at - FIRST_RECORD;
  }

  rewind(): void {
    this.#at = FIRST_RECORD;
  }

  /** Appends bytes; resolves when they are flushed. After a rejection, the next call writes to the same place. */
  async append(bytes: Buffer): Promise<void> {
    const end = this.#at + bytes.length;
    if (end > this.#size) await this.#grow(Math.ceil(end / STEP) * STEP);
    await writeAll(this.#handle.fd, bytes, this.#at);
    if (SYNCED === 0) await this.#handle.datasync();
    this.#at = end;
  }

  /** Written page by page, because the system caches and writes it in pieces of this size. */
  async #grow(size: number): Promise<void> {
    const handle = await open(this.#path, 'r+');
    try {
      const pages = Array.from({ length: (size - this.#size) / PAGE }, (_, at) => this.#size + at * PAGE);
      await Promise.all(pages.map((at) => handle.write(ZEROS, 0, PAGE, at)));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    this.#size = size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function writeAll(descriptor: number, bytes: Buffer, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeFrom = (done: number) => {
      write(descriptor, bytes, done, bytes.length - done, at + done, (error, written) => {
        if (error !== null) reject(error);
        else if (done + written < bytes.length) writeFrom(done + written);
        else resolve();
      });
    };
    writeFrom(0);
  });
}
