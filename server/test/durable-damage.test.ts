import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { open as openLmdb } from 'lmdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DurableEngine } from '../src/engine/durable/durable-engine.ts';
import { bundle, type Program } from './support/bundle.ts';

const PAGE = 4096;
const CHANNELS = 20;
const MESSAGES = 1_000;
/** An unprivileged user. */
const NOBODY = 65_534;
const CHILD = { timeout: 150_000 };

const folders: string[] = [];
let program: Program;
let template = '';

function newFolder(): string {
  const made = fs.mkdtempSync(join(tmpdir(), 'sluice-damage-'));
  folders.push(made);
  return made;
}

beforeAll(async () => {
  program = await bundle('store-user.ts');
  template = join(newFolder(), 'data');
  const engine = new DurableEngine({ data: template });
  await engine.start({ deliver: () => {} });
  const options = { retention: { count: 1_000, age: 3_600_000 }, window: 300_000 };
  for (let at = 0; at < MESSAGES; at += 50) {
    const batch = Array.from({ length: 50 }, (_, n) => at + n).map((n) => {
      const data = 'x'.repeat(n % 7 === 0 ? 9_000 : 200);
      return engine.append(
        `chat:${n % CHANNELS}`,
        { id: `m${n}`, time: Date.now(), data },
        { ...options, key: `k${n}` },
      );
    });
    await Promise.all(batch);
  }
  await engine.revocations.add({ user: 'ada', until: Date.now() + 3_600_000 });
  await engine.close();
}, 60_000);

afterAll(() => {
  program.remove();
  for (const made of folders) fs.rmSync(made, { recursive: true, force: true });
});

/** A damaged copy of the data folder. */
function damaged(damage: (file: string, folder: string) => void): string {
  const folder = join(newFolder(), 'data');
  fs.cpSync(template, folder, { recursive: true, filter: (path) => !fs.lstatSync(path).isSocket() });
  damage(join(folder, 'log.mdb'), folder);
  return folder;
}

interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

/** Uses the folder in a separate process. */
async function use(folder: string, user = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [program.path, folder, String(CHANNELS), user], { stdio: 'pipe' });
  const [[code, signal], out, err] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  return { code, signal, out, err };
}

function overwrite(file: string, at: number, bytes: Buffer): void {
  const handle = fs.openSync(file, 'r+');
  fs.writeSync(handle, bytes, 0, bytes.length, at);
  fs.closeSync(handle);
}

/** Changes the pages that the condition selects, from the third page on. */
function eachPage(file: string, pick: (page: number) => boolean, make: () => Buffer): void {
  const pages = fs.statSync(file).size / PAGE;
  for (let page = 2; page < pages; page++) if (pick(page)) overwrite(file, page * PAGE, make());
}

/** A deterministic random number generator. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

function flipBits(file: string, count: number, { seed, from = 0, to }: { seed: number; from?: number; to?: number }) {
  const bytes = fs.readFileSync(file);
  const random = seeded(seed);
  for (let at = 0; at < count; at++) {
    const place = from + random((to ?? bytes.length) - from);
    bytes[place] = (bytes[place] ?? 0) ^ (1 << random(8));
  }
  fs.writeFileSync(file, bytes);
}

const noise = () => randomBytes(PAGE);
const DAMAGED = ['is damaged', 'sluice durable check', 'sluice durable salvage', 'backup'];

async function foreignLmdb(file: string): Promise<void> {
  fs.rmSync(file);
  const root = openLmdb({ path: file, noSubdir: true });
  await root.openDB('customers', {}).put('a', 1);
  await root.close();
}

describe.concurrent('a damaged data folder', CHILD, () => {
  it('differs from an intact one', async () => {
    const folder = damaged(() => {});
    const { code, out } = await use(folder);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      advice: [],
      read: MESSAGES,
      unreadable: 0,
      accepted: 100,
      refused: 0,
      trouble: '',
    });
  });

  it.each<[string, (file: string, folder: string) => unknown, readonly string[]]>([
    ['cut to a half', (file) => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2)), DAMAGED],
    ['cut by its last page that is in use', cutLastUsed, DAMAGED],
    ['cut within a page', (file) => fs.truncateSync(file, fs.statSync(file).size / 2 + 77), DAMAGED],
    ['cut to 8 KiB', (file) => fs.truncateSync(file, 8_192), DAMAGED],
    ['cut to 4 KiB', (file) => fs.truncateSync(file, 4_096), DAMAGED],
    ['cut to 100 bytes', (file) => fs.truncateSync(file, 100), DAMAGED],
    ['cut to 1 byte', (file) => fs.truncateSync(file, 1), DAMAGED],
    ['with noise over both heads', (file) => overwrite(file, 0, randomBytes(2 * PAGE)), DAMAGED],
    ['with zeros over both heads', (file) => overwrite(file, 0, Buffer.alloc(2 * PAGE)), DAMAGED],
    ['with zeros behind the marks of both heads', zeroBehindMarks, DAMAGED],
    ['with every third page random', (file) => eachPage(file, (page) => page % 3 === 0, noise), DAMAGED],
    [
      'with every second page zeroed',
      (file) =>
        eachPage(
          file,
          (page) => page % 2 === 0,
          () => Buffer.alloc(PAGE),
        ),
      DAMAGED,
    ],
    [
      'with all pages zeroed',
      (file) =>
        eachPage(
          file,
          () => true,
          () => Buffer.alloc(PAGE),
        ),
      DAMAGED,
    ],
    ['with pages in each other’s place', swapHalves, DAMAGED],
    ['with leaves that have the numbers of other pages', renumberLeaves, DAMAGED],
    ['with a table whose name is damaged', renameTable, [...DAMAGED, 'unknown table "mexsages"']],
    ['all noise', (file) => fs.writeFileSync(file, randomBytes(100_000)), DAMAGED],
    ['all zeros', (file) => fs.writeFileSync(file, Buffer.alloc(100_000)), DAMAGED],
    [
      'the file of another program',
      (file) => fs.writeFileSync(file, `SQLite format 3\0${'x'.repeat(20_000)}`),
      DAMAGED,
    ],
    ['a foreign LMDB store', foreignLmdb, ['the store of another program', 'customers', 'choose another folder']],
    ['emptied', (file) => fs.truncateSync(file, 0), ['is empty or gone, though it held channels', 'backup']],
    ['without its store', (file) => fs.rmSync(file), ['is empty or gone, though it held channels', 'backup']],
    ['with a folder in place of its store', folderInPlace, ['cannot be opened', 'is not a file']],
    ['without its format', (_, folder) => fs.rmSync(join(folder, 'format')), ['not the file "format"', 'backup']],
    [
      'with a foreign format',
      (_, folder) => fs.writeFileSync(join(folder, 'format'), 'PG 16'),
      ['not of a Sluice data folder'],
    ],
    [
      'with a newer format',
      (_, folder) => fs.writeFileSync(join(folder, 'format'), 'sluice durable 3\n'),
      ['has format 3'],
    ],
  ])('%s fails the start with an explanation', async (_, damage, words) => {
    const folder = damaged(() => {});
    await damage(join(folder, 'log.mdb'), folder);
    const outcome = await use(folder);
    expect(outcome).toMatchObject({ code: 1, signal: null, out: '' });
    for (const word of [...words, folder]) expect(outcome.err).toContain(word);
    expect(outcome.err.trim().split('\n')).toHaveLength(1);
  });

  it.each([0, 1])('starts from its other head if head %i is overwritten, in new epochs, and logs it', async (index) => {
    const before = JSON.parse((await use(damaged(() => {}))).out) as { epochs: string[] };
    const folder = damaged((file) => overwrite(file, index * PAGE, noise()));
    const first = await use(folder);
    expect(first).toMatchObject({ code: 0, signal: null });
    const outcome = JSON.parse(first.out);
    expect(outcome).toMatchObject({ read: MESSAGES, unreadable: 0, accepted: 100, refused: 0 });
    expect(outcome.advice[0]).toContain('all channels begin a new epoch');
    for (const epoch of outcome.epochs) expect(before.epochs).not.toContain(epoch);
    const second = JSON.parse((await use(folder)).out);
    expect(second).toMatchObject({ advice: [], epochs: outcome.epochs });
  });

  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)('without read permission is refused', async () => {
    const folder = damaged((file) => fs.chmodSync(file, 0));
    fs.chmodSync(join(folder, '..'), 0o755);
    for (const name of ['', 'format', 'begun', 'pid', 'reserve', 'log.mdb-lock'])
      fs.chownSync(join(folder, name), NOBODY, NOBODY);
    const outcome = await use(folder, String(NOBODY));
    expect(outcome).toMatchObject({ code: 1, signal: null });
    expect(outcome.err).toContain('log.mdb cannot be opened: EACCES');
  });

  it('with a corrupt lock file starts, because LMDB creates it again', async () => {
    const folder = damaged((_, at) => fs.writeFileSync(join(at, 'log.mdb-lock'), randomBytes(8_192)));
    expect(await use(folder)).toMatchObject({ code: 0, signal: null });
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'by 200 flipped bits either starts or explains why not, and never crashes (seed %i)',
    async (seed) => {
      const outcome = await use(damaged((file) => flipBits(file, 200, { seed })));
      expect(outcome.signal).toBeNull();
      expect(outcome.code === 0 ? 'is damaged' : outcome.err).toContain('is damaged');
    },
  );

  it.each([1, 2, 3, 4, 5, 6])(
    'by 3 flipped bits in its heads either starts or explains why not (seed %i)',
    async (seed) => {
      const outcome = await use(damaged((file) => flipBits(file, 3, { seed, to: 168 })));
      expect(outcome.signal).toBeNull();
      expect(outcome.code === 0 ? 'is damaged' : outcome.err).toContain('is damaged');
    },
  );
});

/** Truncates the file before its last used page. */
function cutLastUsed(file: string): void {
  const bytes = fs.readFileSync(file);
  // Free pages at the end may be missing, but the root of the newest state is always in use.
  const newest = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(PAGE + 152) ? 0 : PAGE;
  fs.truncateSync(file, Number(bytes.readBigUInt64LE(newest + 136)) * PAGE);
}

function zeroBehindMarks(file: string): void {
  for (const page of [0, 1]) overwrite(file, page * PAGE + 32, Buffer.alloc(PAGE - 32));
}

function renameTable(file: string): void {
  const bytes = fs.readFileSync(file);
  for (let at = bytes.indexOf('messages\0'); at >= 0; at = bytes.indexOf('messages\0', at + 1)) bytes[at + 2] = 0x78;
  fs.writeFileSync(file, bytes);
}

/** Otherwise they stay sound: only the number of a page says that it is not the one that was looked for. */
function renumberLeaves(file: string): void {
  const LEAF = 0x02;
  const bytes = fs.readFileSync(file);
  for (let at = 2 * PAGE; at < bytes.length; at += PAGE) {
    if (bytes.readUInt16LE(at + 18) === LEAF) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) + 1n, at);
  }
  fs.writeFileSync(file, bytes);
}

function swapHalves(file: string): void {
  const bytes = fs.readFileSync(file);
  const middle = Math.floor(bytes.length / PAGE / 2) * PAGE;
  fs.writeFileSync(
    file,
    Buffer.concat([bytes.subarray(0, 2 * PAGE), bytes.subarray(middle), bytes.subarray(2 * PAGE, middle)]),
  );
}

function folderInPlace(file: string): void {
  fs.rmSync(file);
  fs.mkdirSync(file);
}
