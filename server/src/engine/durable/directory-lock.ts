import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, openSync, realpathSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { PRIVATE_FILE } from './private-files.ts';

/** The longest socket path that every system accepts. */
const LONGEST = 100;
/** More than two starts at the same moment are settled in as many rounds. */
const ROUNDS = 5;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/**
 * Keeps a folder to one process, by a socket in it that only one can listen on.
 *
 * The kernel answers for the owner: as long as it lives, a knock at the socket succeeds, and from
 * the moment of its death it fails. So a crash leaves nothing in the way of the next start, and a
 * process id that was given again cannot deceive.
 */
export class DirectoryLock {
  readonly #server: Server;
  readonly #path: string;
  readonly #handle: number | undefined;

  private constructor({ server, path, handle }: { server: Server; path: string; handle: number | undefined }) {
    this.#server = server;
    this.#path = path;
    this.#handle = handle;
  }

  /**
   * @param options.holder process that a person has to stop, which may be the parent of this one
   * @throws Error when another process has the folder
   */
  static async take(folder: string, { holder }: { holder: number }): Promise<DirectoryLock> {
    const { path, handle } = addressOf(realpathSync(folder));
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const server = await listen(path);
        if (server !== null) {
          await writeFile(join(folder, 'pid'), `${holder}\n`, { mode: PRIVATE_FILE });
          return new DirectoryLock({ server, path, handle });
        }
        if (!(await removeStale(path))) break;
      }
      throw new Error(`the data folder ${folder} is in use by another gateway${await holderOf(folder)}`);
    } catch (error) {
      if (handle !== undefined) closeSync(handle);
      throw error;
    }
  }

  async release(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (process.platform !== 'win32') await rm(this.#path, { force: true });
    if (this.#handle !== undefined) closeSync(this.#handle);
  }
}

/** The path of the socket; where it would be too long for one, by way of the opened folder. */
function addressOf(folder: string): { path: string; handle: number | undefined } {
  if (process.platform === 'win32') {
    const name = createHash('sha256').update(folder.toLowerCase()).digest('hex');
    return { path: `\\\\.\\pipe\\sluice-${name}`, handle: undefined };
  }
  const path = join(folder, 'lock');
  if (Buffer.byteLength(path) <= LONGEST - 20 || !existsSync('/proc/self/fd')) return { path, handle: undefined };
  const handle = openSync(folder, 'r');
  return { path: `/proc/self/fd/${handle}/lock`, handle };
}

/** `null` where there is a socket already. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error) => {
      if (codeOf(error) === 'EADDRINUSE') resolve(null);
      else
        reject(new Error(`cannot lock the data folder with the socket ${path} — ${error.message}`, { cause: error }));
    });
    server.listen(path, () => {
      if (process.platform !== 'win32') chmodSync(path, PRIVATE_FILE);
      resolve(server);
    });
  });
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A process that is too busy to accept returns EAGAIN.
    socket.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'));
  });
}

/**
 * Removes the socket of a dead process. Another process may have started since the check, so the
 * renamed socket is checked again.
 */
async function removeStale(path: string): Promise<boolean> {
  if (await isAlive(path)) return false;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true; // another process removed it
    throw error;
  }
  if (await isAlive(aside)) {
    await rename(aside, path);
    return false;
  }
  await rm(aside, { force: true });
  return true;
}

async function holderOf(folder: string): Promise<string> {
  const pid = (await readFile(join(folder, 'pid'), 'utf8').catch(() => '')).trim();
  if (!/^\d+$/.test(pid)) return '. Stop it first.';
  const command = process.platform === 'win32' ? `taskkill /PID ${pid}` : `kill ${pid}`;
  return ` (process ${pid}). Stop it first: ${command}`;
}
