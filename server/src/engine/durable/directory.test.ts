import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DataDirectory } from './directory.ts';
import { DurableEngine } from './durable-engine.ts';
import { LmdbStore } from './lmdb-store.ts';
import type { Store } from './store.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-'));
  cleanups.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function take(path: string): Promise<DataDirectory> {
  const directory = await DataDirectory.take(path);
  cleanups.push(() => directory.release());
  return directory;
}

/** A process that holds the lock of the folder as a gateway does. */
async function otherProcess(path: string) {
  const script = `require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))`;
  const child = spawn(process.execPath, ['-e', script, join(path, 'lock')], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('a data folder', () => {
  it('is made where there is none', async () => {
    const path = join(folder(), 'a', 'b');
    await take(path);
    expect(readFileSync(join(path, 'format'), 'utf8')).toBe('sluice durable 2\n');
  });

  it('is of one process, which the refusal names', async () => {
    const path = folder();
    await take(path);
    await expect(take(path)).rejects.toThrow(
      `${path} is in use by another gateway (process ${process.pid}). Stop it first`,
    );
  });

  it('is free again when it was given back', async () => {
    const path = folder();
    await (await DataDirectory.take(path)).release();
    await take(path);
  });

  it('is refused while another process lives, and free the moment it was killed', async () => {
    const path = folder();
    const other = await otherProcess(path);
    await expect(take(path)).rejects.toThrow('in use by another gateway');
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    await take(path);
  });

  it('does not depend on whether another process has the process id of its dead owner', async () => {
    const path = folder();
    const other = await otherProcess(path);
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    writeFileSync(join(path, 'pid'), `${process.pid}\n`);
    await take(path);
  });

  it('goes to one of many who come at the same time, also where a dead one has left its socket', async () => {
    const path = folder();
    const other = await otherProcess(path);
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => take(path)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('may have a path that is too long for a socket', async () => {
    const path = join(folder(), 'x'.repeat(120));
    await take(path);
    await expect(take(path)).rejects.toThrow('in use');
  });

  it.each([
    [
      'of a later format',
      { format: 'sluice durable 3\n' },
      'has format 3; this version of Sluice reads the formats 1 to 2',
    ],
    ['of somebody else', { format: 'PG_VERSION 16' }, 'is not of a Sluice data folder'],
    ['that lacks its format', { 'log.mdb': '' }, 'but not the file "format" — restore the whole folder'],
  ])('%s is refused, and left as it is', async (_, files, message) => {
    const path = folder();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    await expect(take(path)).rejects.toThrow(message);
    for (const [name, text] of Object.entries(files)) expect(readFileSync(join(path, name), 'utf8')).toBe(text);
    await expect(take(path)).rejects.toThrow(message); // and not "in use"
  });

  it('that cannot be made is refused', async () => {
    const path = join(folder(), 'file');
    writeFileSync(path, '');
    await expect(take(join(path, 'data'))).rejects.toThrow('cannot make the data folder');
  });

  it('of format 1, which has no journal, is upgraded with everything that it holds', async () => {
    const path = folder();
    const engineOn = async (openStore?: (path: string) => Promise<Store>) => {
      const engine = new DurableEngine({ data: path, ...(openStore && { openStore }) });
      await engine.start({ deliver: () => {} });
      return engine;
    };
    const append = (engine: DurableEngine, key: string) =>
      engine.append(
        'a',
        { id: key, time: Date.now(), data: null },
        { retention: { count: 9, age: 60_000 }, window: 60_000, key },
      );
    const old = await engineOn(LmdbStore.open);
    const first = await append(old, 'k1');
    await old.close();
    writeFileSync(join(path, 'format'), 'sluice durable 1\n');
    const upgraded = await engineOn();
    expect(await append(upgraded, 'k1')).toEqual(first);
    expect(await append(upgraded, 'k2')).toEqual({ ...first, id: 'k2', offset: 2 });
    await upgraded.close();
    expect(readFileSync(join(path, 'format'), 'utf8')).toBe('sluice durable 2\n');
    const again = await engineOn();
    expect(await again.read('a', 0, 9)).toMatchObject({ epoch: first.epoch, head: 2, first: 1 });
    await again.close();
  });

  it('whose store is damaged is refused, and given back', async () => {
    const path = folder();
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'format'), 'sluice durable 1\n');
    writeFileSync(join(path, 'log.mdb'), 'x'.repeat(10_000));
    const engine = new DurableEngine({ data: path });
    await expect(engine.start({ deliver: () => {} })).rejects.toThrow(`${join(path, 'log.mdb')} is damaged`);
    await take(path);
  });

  it('names the process that a person has to stop, and how', async () => {
    const path = folder();
    const directory = await DataDirectory.take(path, { holder: 4711 });
    cleanups.push(() => directory.release());
    await expect(take(path)).rejects.toThrow('in use by another gateway (process 4711). Stop it first: kill 4711');
  });
});

describe.skipIf(process.platform === 'win32')('the files of a data folder', () => {
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
  const modesIn = (path: string) =>
    Object.fromEntries(readdirSync(path).map((name) => [name, modeOf(join(path, name))]));

  async function use(path: string): Promise<string[]> {
    const advice: string[] = [];
    const engine = new DurableEngine({ data: path });
    await engine.start({ deliver: () => {}, warn: (one) => advice.push(one) });
    cleanups.push(() => engine.close());
    return advice;
  }

  it('are their owner’s alone', async () => {
    const path = join(folder(), 'data');
    expect(await use(path)).toEqual([]);
    expect(modeOf(path)).toBe('700');
    const modes = modesIn(path);
    expect(Object.keys(modes)).toEqual(
      expect.arrayContaining(['log.mdb', 'log.mdb-lock', 'format', 'pid', 'reserve', 'lock', 'journal-0', 'journal-1']),
    );
    expect(new Set(Object.values(modes))).toEqual(new Set(['600']));
  });

  it('become private if they were open, which is reported once', async () => {
    const path = join(folder(), 'data');
    await use(path);
    for (const clean of cleanups.splice(1)) await clean();
    chmodSync(path, 0o755);
    for (const name of readdirSync(path)) chmodSync(join(path, name), 0o644);
    expect(await use(path)).toEqual([expect.stringContaining(`other users could read the data folder ${path}`)]);
    expect(modeOf(path)).toBe('700');
    expect(new Set(Object.values(modesIn(path)))).toEqual(new Set(['600']));
    for (const clean of cleanups.splice(1)) await clean();
    expect(await use(path)).toEqual([]);
  });
});
