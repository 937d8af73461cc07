import {
  cpSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPTIONS } from '../../server/src/engine/conformance/groups-bench.ts';
import { DurableEngine } from '../../server/src/engine/durable/durable-engine.ts';
import { TestShell } from '../test/test-shell.ts';
import { run } from './run.ts';

const PAGE = 4096;
const KEEP = { retention: { count: 5_000, age: 3_600_000 }, window: 300_000 };

let root = '';
let data = '';
let into = '';

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sluice-salvage-'));
  data = join(root, 'data');
  into = join(root, 'saved');
  await using(data, async (engine) => {
    for (let n = 0; n < 600; n += 50) await Promise.all(Array.from({ length: 50 }, (_, at) => append(engine, n + at)));
    await engine.append('none', { id: 'n', time: Date.now(), data: 1 }, { retention: null, window: 0 });
    await engine.revocations.add({ user: 'ada', until: Date.now() + 3_600_000 });
  });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

async function using<T>(folder: string, use: (engine: DurableEngine) => Promise<T>): Promise<T> {
  const engine = new DurableEngine({ data: folder });
  await engine.start({ deliver: () => {} });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

const CHANNELS = ['a', 'b', 'c'];
const channelOf = (n: number): string => CHANNELS[n % 3] ?? '';

/** The nth message: some messages are larger than a page. */
function append(engine: DurableEngine, n: number) {
  const entry = { id: `m${n}`, time: Date.now(), data: { n, fill: 'x'.repeat(n % 11 === 0 ? 9_000 : 150) } };
  return engine.append(channelOf(n), entry, { ...KEEP, key: `k${n}` });
}

const logOf = (folder: string) =>
  using(folder, async (engine) => {
    const pages = await Promise.all([...CHANNELS, 'none'].map((channel) => engine.read(channel, 0, 10_000)));
    return pages.map(({ epoch, head, first, messages }) => ({
      epoch,
      head,
      first,
      messages: messages.map(({ message: { id, offset } }) => ({ id, offset })),
    }));
  });

async function outcome(...args: string[]) {
  const shell = new TestShell();
  const code = await run(['durable', ...args], shell);
  return { code, out: shell.lines.join('\n'), err: shell.errors.join('\n') };
}

const check = () => outcome('check', '--data', data);
const salvage = () => outcome('salvage', '--data', data, '--into', into);

/** Damages some pages of the store after its heads. */
function spoil(pick: (page: number, bytes: Buffer) => boolean): void {
  const file = join(data, 'log.mdb');
  const bytes = readFileSync(file);
  for (let page = 2; page < bytes.length / PAGE; page++) {
    const at = page * PAGE;
    if (pick(page, bytes.subarray(at, at + PAGE))) bytes.fill(0xa5, at, at + PAGE);
  }
  writeFileSync(file, bytes);
}

describe('sluice durable check', () => {
  it('counts the records, and finds no damage in an intact folder', async () => {
    expect(await check()).toEqual({
      code: 0,
      out: expect.stringContaining('4 channels, 600 messages, 600 idempotency keys, 1 revocations\nnothing is damaged'),
      err: '',
    });
  });

  it('changes nothing', async () => {
    const file = join(data, 'log.mdb');
    const before = readFileSync(file);
    await check();
    spoil((page) => page % 5 === 0);
    const spoiled = readFileSync(file);
    await check();
    expect(spoiled.equals(before)).toBe(false);
    expect(readFileSync(file).equals(spoiled)).toBe(true);
  });

  it('reports the damage, and how to repair it', async () => {
    spoil((page) => page % 5 === 0);
    const { code, out, err } = await check();
    expect(code).toBe(1);
    expect(out).toMatch(/damaged: page \d+ /);
    expect(err).toContain(`sluice durable salvage --data ${data} --into NEW`);
  });

  it('finds a damaged record in an intact page', async () => {
    const file = join(data, 'log.mdb');
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf('{"id":"m7"'); at >= 0; at = bytes.indexOf('{"id":"m7"', at + 1)) bytes[at] = 0x21;
    writeFileSync(file, bytes);
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toContain('channel b: 1 of its messages 1 to 200 cannot be read');
  });

  it.each([
    ['a missing folder', () => rmSync(data, { recursive: true }), 'holds no store'],
    ['a folder without a store', () => rmSync(join(data, 'log.mdb')), 'holds no store'],
  ])('refuses %s', async (_, spoilIt, message) => {
    spoilIt();
    expect(await check()).toMatchObject({ code: 1, out: '', err: expect.stringContaining(message) });
  });

  it('refuses a folder that is used by a gateway', async () => {
    await using(data, async () => {
      for (const tool of [check, salvage]) {
        expect(await tool()).toMatchObject({ code: 1, err: expect.stringContaining('in use by another gateway') });
      }
    });
  });
});

describe('after a crash, with messages that only the journal has,', () => {
  beforeEach(async () => {
    const crashed = join(root, 'crashed');
    await using(data, async (engine) => {
      for (let n = 600; n < 630; n++) await append(engine, n);
      await engine.append('new', { id: 'n', time: Date.now(), data: 1 }, KEEP);
      cpSync(data, crashed, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
    });
    data = crashed;
  });

  const counts = '5 channels, 631 messages';

  it('a check counts them, and changes nothing', async () => {
    const file = join(data, 'journal-0');
    const before = readFileSync(file);
    expect(await check()).toMatchObject({ code: 0, out: expect.stringContaining(`${counts}, 630 idempotency keys`) });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('a copy has them', async () => {
    expect(await salvage()).toMatchObject({ code: 0, out: expect.stringContaining(counts) });
    expect((await logOf(into)).map(({ head }) => head)).toEqual([210, 210, 210, 1]);
    expect(await logOf(into)).toEqual(await logOf(data));
    await using(into, async (engine) => {
      expect(await append(engine, 629)).toMatchObject({ id: 'm629', offset: 210 });
    });
  });

  it('a copy has them even if the heads of the store are lost', async () => {
    const file = join(data, 'log.mdb');
    writeFileSync(file, readFileSync(file).fill(0, 0, 2 * PAGE));
    expect(await salvage()).toMatchObject({ code: 0, out: expect.stringContaining(counts) });
  });

  it('a damaged journal is reported, and what precedes the damage is copied', async () => {
    const file = join(data, 'journal-0');
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('"m615"')] = 0x21;
    writeFileSync(file, bytes);
    expect(await check()).toMatchObject({ code: 1, out: expect.stringContaining('the journal is damaged') });
    expect(await salvage()).toMatchObject({ code: 0, out: expect.stringContaining('615 messages') });
    expect((await logOf(into)).map(({ messages }) => messages.length)).toEqual([205, 205, 205, 0]);
  });
});

describe('sluice durable salvage', () => {
  it('copies an intact folder unchanged, with its epochs and its consumer groups', async () => {
    const ref = { channel: 'a', group: 'g' };
    const stats = await using(data, async ({ groups }) => {
      const { deliveries } = await groups.claim(ref, OPTIONS, { token: 't', max: 5, maxLength: 1_000_000 });
      const [first = '', second = ''] = deliveries.map(({ id }) => id);
      await groups.settle(ref, OPTIONS, [first], { type: 'ack' });
      await groups.settle(ref, OPTIONS, [second], { type: 'reject' });
      return groups.stats(ref, OPTIONS);
    });
    expect(stats).toMatchObject({ inFlight: 3, dead: 1, floor: 2 });
    const before = await logOf(data);
    const { code, out } = await salvage();
    expect(code).toBe(0);
    expect(out).toContain('4 channels, 600 messages, 1 revocations');
    expect(out).toContain('nothing was damaged');
    expect(await logOf(into)).toEqual(before);
    await using(into, async (engine) => {
      expect(await engine.groups.stats(ref, OPTIONS)).toEqual(stats);
      expect(await append(engine, 9)).toMatchObject({ id: 'm9', offset: 4 }); // idempotency keys are preserved
      expect(await engine.revocations.all()).toMatchObject([{ user: 'ada' }]);
    });
  });

  it.each([
    ['a page in five', (page: number) => page % 5 === 0],
    ['a page in three', (page: number) => page % 3 === 1],
    ['the pages of large messages', (_: number, bytes: Buffer) => bytes.readUInt16LE(18) === 4],
    ['all branches', (_: number, bytes: Buffer) => bytes.readUInt16LE(18) === 1],
  ])('saves the rest if %s is damaged, in new epochs, without holes, in order', async (_, pick) => {
    const before = await logOf(data);
    spoil(pick);
    const { code, out } = await salvage();
    expect(code).toBe(0);
    const after = await logOf(into);
    const [channels = 0, messages = 0] = [...out.matchAll(/(\d+) (?:channels|messages)/g)].map(([, count]) =>
      Number(count),
    );
    const nameless = Number(/(\d+) of the channels have lost/.exec(out)?.[1] ?? 0);
    expect(after.filter(({ head }) => head > 0)).toHaveLength(channels - nameless);
    if (nameless === 0) expect(after.flatMap((log) => log.messages)).toHaveLength(messages);
    for (const [at, log] of after.entries()) {
      const had = before[at];
      expect(log.epoch).not.toBe(had?.epoch);
      expect(log.messages.map(({ offset }) => offset)).toEqual(log.messages.map((_, n) => log.first + n));
      expect(log.messages.at(-1)?.offset ?? log.head).toBe(log.head);
      const order = had?.messages.map(({ id }) => id) ?? [];
      const saved = log.messages.map(({ id }) => order.indexOf(id));
      expect(saved).toEqual([...saved].sort((a, b) => a - b));
      expect(new Set(saved).size).toBe(saved.length);
      expect(saved).not.toContain(-1);
    }
    expect(out).toContain('all channels begin a new epoch');
    expect(await using(into, (engine) => append(engine, 10_000))).toMatchObject({ id: 'm10000' });
  });

  it('saves everything if only the two heads are lost', async () => {
    const file = join(data, 'log.mdb');
    const bytes = readFileSync(file);
    bytes.fill(0, 0, 2 * PAGE);
    writeFileSync(file, bytes);
    const { code, out } = await salvage();
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('4 channels, 600 messages, 1 revocations') });
    expect((await logOf(into)).map(({ messages }) => messages.length)).toEqual([200, 200, 200, 0]);
  });

  it('forgets the idempotency keys of lost messages, so that retries publish them again, and keeps the others', async () => {
    const file = join(data, 'log.mdb');
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf('{"id":"m7"'); at >= 0; at = bytes.indexOf('{"id":"m7"', at + 1)) bytes[at] = 0x21;
    writeFileSync(file, bytes);
    const { out } = await salvage();
    expect(out).toContain('599 messages');
    expect(out).toContain('lost, according to the store: 1 messages of these channels');
    await using(into, async (engine) => {
      expect(await append(engine, 4)).toMatchObject({ id: 'm4', offset: 2 });
      expect(await append(engine, 10)).toMatchObject({ id: 'm10', offset: 3 }); // was 4, before m7 was lost
      expect(await append(engine, 7)).toMatchObject({ id: 'm7', offset: 200 });
    });
  });

  it('saves messages of channels without names, under new names', async () => {
    // The records of channels have 72 bytes: no other table has leaves with values of that length.
    spoil((_, bytes) => bytes.includes(Buffer.from('none')) && bytes.readUInt16LE(18) === 2);
    const { code, out } = await salvage();
    expect(code).toBe(0);
    expect(out).toContain('3 channels, 600 messages');
    expect(out).toContain('3 of the channels have lost their names');
    await using(into, async (engine) => {
      for (const id of [1, 2, 3]) {
        const { head, first, messages } = await engine.read(`salvaged:${id}`, 0, 10_000);
        expect({ head, first, count: messages.length }).toEqual({ head: 200, first: 1, count: 200 });
      }
    });
  });

  it('saves the messages in the first half of a truncated file', async () => {
    const file = join(data, 'log.mdb');
    truncateSync(file, Math.floor(readFileSync(file).length / 2));
    const { code, out } = await salvage();
    expect(code).toBe(0);
    const [, messages = 0] = [...out.matchAll(/(\d+) (?:channels|messages)/g)].map(([, count]) => Number(count));
    expect(messages).toBeGreaterThan(50);
  });

  it('creates nothing if nothing can be read, or if the new folder is not empty', async () => {
    writeFileSync(join(root, 'file'), '');
    const taken = await outcome('salvage', '--data', data, '--into', root);
    expect(taken).toMatchObject({ code: 1, err: expect.stringContaining('exists already') });
    for (const name of ['log.mdb', 'journal-0', 'journal-1']) writeFileSync(join(data, name), Buffer.alloc(100_000));
    expect(await salvage()).toMatchObject({ code: 1, err: expect.stringContaining('nothing can be read') });
    expect(readdirSync(root).sort()).toEqual(['data', 'file']);
  });
});
