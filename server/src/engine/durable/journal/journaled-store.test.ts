import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { HeldStore } from '../../../../test/support/held-store.ts';
import { EngineFull } from '../../engine.ts';
import { LmdbStore } from '../lmdb-store.ts';
import type { Change, Store } from '../store.ts';
import { JournaledStore } from './journaled-store.ts';

const MIB = 1024 * 1024;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-'));
  cleanups.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

interface Opened {
  readonly store: JournaledStore;
  readonly tables: HeldStore;
  /** Reasons of reported losses. */
  readonly losses: string[];
  readonly data: string;
}

/** Opens a store, perhaps on what another has left. */
async function open(data = folder(), options: { full?: number } = {}): Promise<Opened> {
  const tables = new HeldStore(await LmdbStore.open(join(data, 'log.mdb')));
  const losses: string[] = [];
  const onLoss = async (reason: string) => void losses.push(reason);
  const store = await JournaledStore.open(tables, join(data, 'journal'), { onLoss, ...options });
  const opened = { store, tables, losses, data };
  cleanups.push(() => leave(opened).catch(() => {}));
  return opened;
}

/** Closes the files, and moves nothing to the tables. */
async function leave({ store, tables }: Opened): Promise<void> {
  tables.failure = new Error('the process has crashed');
  tables.release();
  await store.close();
}

/** Opens the folder again like after a crash: nothing moves to the tables before. */
async function crash(opened: Opened, options: { full?: number } = {}): Promise<Opened> {
  await leave(opened);
  return open(opened.data, options);
}

const put = (key: string, value: string | Buffer): Change => ({
  table: 'messages',
  key: Buffer.from(key),
  value: Buffer.from(value),
});
const remove = (key: string): Change => ({ table: 'messages', key: Buffer.from(key), value: null });

const content = (store: Store, range = {}) =>
  Array.from(store.rows('messages', { limit: 1_000, ...range }), ({ key, value }) => [`${key}`, `${value}`]);

describe('a journaled store', () => {
  it('writes only to the journal, and reads both', async () => {
    const { store, tables } = await open();
    await store.write([put('a', '1'), put('b', '1')]);
    await store.compact();
    tables.writes = 0;
    await store.write([put('b', '2'), put('c', '2'), remove('a')]);
    expect(tables.writes).toBe(0);
    expect(content(store)).toEqual([
      ['b', '2'],
      ['c', '2'],
    ]);
    expect(store.get('messages', Buffer.from('a'))).toBeUndefined();
  });

  it('has all acknowledged transactions after a crash', async () => {
    const opened = await open();
    for (let at = 0; at < 100; at++) await opened.store.write([put(`k${at}`, `${at}`)]);
    const again = await crash(opened);
    expect(content(again.store)).toHaveLength(100);
    expect(again.losses).toEqual([]);
  });

  it('continues after several crashes, though older records lie behind the newer ones', async () => {
    let opened = await open();
    for (const count of [50, 3, 20, 1]) {
      for (let at = 0; at < count; at++) await opened.store.write([put('n', `${count}.${at}`)]);
      opened = await crash(opened);
      expect(content(opened.store)).toEqual([['n', `${count}.${count - 1}`]]);
      expect(opened.losses).toEqual([]);
    }
  });

  it('moves transactions to the tables while others are written', async () => {
    const { store, tables } = await open();
    for (let at = 0; at < 40; at++) await store.write([put(`k${at}`, Buffer.alloc(MIB / 4, at))]);
    expect(tables.writes).toBeGreaterThan(0);
    expect(content(store)).toHaveLength(40);
    await store.compact();
    expect(content(tables)).toHaveLength(40);
  });

  it('survives a crash while transactions move', async () => {
    const opened = await open(undefined, { full: 4 * MIB });
    opened.tables.hold();
    for (let at = 0; at < 6; at++) await opened.store.write([put(`k${at}`, Buffer.alloc(MIB, at))]);
    const again = await crash(opened);
    expect(content(again.store)).toHaveLength(6);
  });

  it('refuses writes while the tables are full, and moves what waits when there is space again', async () => {
    const { store, tables } = await open(undefined, { full: 4 * MIB });
    tables.failure = new EngineFull('the disk is full');
    for (let at = 0; at < 4; at++) await store.write([put(`k${at}`, Buffer.alloc(MIB, at))]);
    await expect(store.compact()).rejects.toThrow('full');
    await expect(store.write([put('x', '1')])).rejects.toThrow('full');
    expect(content(store)).toHaveLength(4);
    tables.failure = undefined;
    await store.write([put('x', '1')]);
    expect(content(store)).toHaveLength(5);
    expect(content(tables)).toHaveLength(4);
  });

  it('counts what the journal holds as used', async () => {
    const { store } = await open();
    const before = store.used();
    await store.write([put('a', Buffer.alloc(MIB))]);
    const estimated = store.used();
    expect(estimated - before).toBeGreaterThanOrEqual(MIB);
    await store.compact();
    expect(Math.abs(store.used() - estimated)).toBeLessThan(MIB / 10);
    await store.write([remove('a')]);
    await store.compact();
    expect(store.used()).toBeLessThan(MIB / 2);
  });

  it('is a sorted map, whatever is written, moved and lost in crashes', async () => {
    const key = fc.constantFrom('a', 'b', 'ba', 'c', 'd\u0001', 'd');
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ key, value: fc.option(fc.nat(99)) }) },
      { weight: 1, arbitrary: fc.constant('compact' as const) },
      { weight: 1, arbitrary: fc.constant('crash' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), key, key, async (steps, start, end) => {
        const small = { full: 100 };
        let opened = await open(undefined, small);
        const model = new Map<string, string>();
        for (const one of steps) {
          if (one === 'compact') await opened.store.compact();
          else if (one === 'crash') opened = await crash(opened, small);
          else if (one.value === null) model.delete(one.key);
          else model.set(one.key, `${one.value}`);
          if (typeof one === 'object') {
            await opened.store.write([one.value === null ? remove(one.key) : put(one.key, `${one.value}`)]);
          }
          const all = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
          expect(content(opened.store)).toEqual(all);
          const bounds = { start: Buffer.from(start), end: Buffer.from(end), limit: 2 };
          expect(content(opened.store, bounds)).toEqual(all.filter(([k]) => k >= start && k < end).slice(0, 2));
        }
        await opened.store.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe('a damaged journal', () => {
  /** A store with ten transactions in its journal, of which the file was changed. */
  async function damaged(change: (file: Buffer) => Buffer): Promise<Opened> {
    const opened = await open();
    for (let at = 0; at < 10; at++) await opened.store.write([put(`k${at}`, `value ${at}`)]);
    const path = join(opened.data, 'journal-0');
    await leave(opened);
    writeFileSync(path, change(readFileSync(path)));
    return open(opened.data);
  }

  const flip = (text: string) => (file: Buffer) => {
    const at = file.indexOf(text);
    file.writeUInt8((file[at] ?? 0) ^ 1, at);
    return file;
  };

  it('ends before a record that was not finished, which was not acknowledged', async () => {
    const { store, losses } = await damaged(flip('value 9'));
    expect(content(store)).toHaveLength(9);
    expect(losses).toEqual([]);
  });

  it.each([0, 5])('reports a damaged record before others as a loss (record %i)', async (at) => {
    const opened = await damaged(flip(`value ${at}`));
    expect(content(opened.store)).toHaveLength(at);
    expect(opened.losses).toEqual([expect.stringContaining('cannot be read')]);
    await opened.store.write([put('new', '1')]);
    const again = await crash(opened);
    expect(again.losses).toEqual([]);
    expect(content(again.store)).toHaveLength(at + 1);
  });

  it('reports a missing, emptied or foreign file as a loss', async () => {
    for (const change of [() => Buffer.alloc(0), (file: Buffer) => file.fill(0, 0, 4096)]) {
      expect((await damaged(change)).losses).toEqual([expect.stringContaining('damaged')]);
    }
    const opened = await open();
    await opened.store.close();
    rmSync(join(opened.data, 'journal-1'));
    expect((await open(opened.data)).losses).toEqual([expect.stringContaining('missing')]);
  });
});
