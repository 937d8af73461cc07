import type { PublishResult } from '@sluice/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../engine.ts';
import { AppendQueue } from './append-queue.ts';
import type { Commands } from './commands.ts';
import type { Feed } from './feed.ts';
import { slotOf } from './slots.ts';

interface Call {
  readonly keys: string[];
  readonly values: string[];
  answer(answers: readonly string[]): void;
  fail(error: Error): void;
}

let calls: Call[];
let writes: number;
let confirmed: string[];

beforeEach(() => {
  [calls, writes, confirmed] = [[], 0, []];
});

function createQueue(publish: 'PUBLISH' | 'SPUBLISH' = 'PUBLISH'): AppendQueue {
  const commands = {
    run: (_: unknown, keys: string[], values: string[]) =>
      new Promise((answer, fail) => void calls.push({ keys, values, answer, fail })),
    together: (send: () => void) => {
      writes++;
      send();
    },
    tooSlow: (waiting: number) => new EngineUnavailable(`${waiting} wait`),
    refused: (text: string) => new EngineUnavailable(text),
  } as unknown as Commands;
  return new AppendQueue({
    shard: { commands, feed: {} as Feed, publish },
    open: (channel) => ({ meta: `{${channel}}:meta`, messages: `{${channel}}:log`, life: 'n e 1', doubted: '' }),
    preamble: () => ['P'],
    confirmed: (channel, { offset }) => confirmed.push(`${channel} ${offset}`),
  });
}

const append = (
  queue: AppendQueue,
  channel: string,
  id: string,
  key?: string,
  more: { position?: string; group?: readonly string[] } = {},
): Promise<PublishResult> =>
  queue.append(channel, {
    id,
    content: `{"id":"${id}"}`,
    settings: 's',
    tags: [],
    expected: [],
    key,
    position: undefined,
    group: undefined,
    ...more,
  });

const endOfTurn = () => new Promise((resolve) => setImmediate(resolve));
const sentIds = ({ values }: Call) => values.filter((value) => /^m\d+$/.test(value));

describe('the appends of a turn', () => {
  it('share one call, each log with its entries in their order', async () => {
    const queue = createQueue();
    const results = ['a', 'b', 'a'].map((channel, at) => append(queue, channel, `m${at}`, at === 2 ? 'k' : undefined));
    await endOfTurn();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.keys).toEqual(['{a}:meta', '{a}:log', 'k', '{b}:meta', '{b}:log']);
    const entry = (id: string) => ['s', id, `{"id":"${id}"}`];
    const expected = ['P', 'n e 1', '', '2', ...entry('m0'), ...entry('m2'), 'n e 1', '', '1', ...entry('m1')];
    expect(calls[0]?.values).toEqual(expected);
    calls[0]?.answer(['e 1 m0', 'e 2 m2', 'e 7 m1']);
    expect(await Promise.all(results)).toEqual([
      { epoch: 'e', offset: 1, id: 'm0' },
      { epoch: 'e', offset: 7, id: 'm1' },
      { epoch: 'e', offset: 2, id: 'm2' },
    ]);
    expect(confirmed).toEqual(['a 1', 'a 2', 'b 7']);
  });

  it('are not joined with those of the next turn', async () => {
    const queue = createQueue();
    void append(queue, 'a', 'm1');
    await endOfTurn();
    void append(queue, 'a', 'm2');
    await endOfTurn();
    expect(calls.map(sentIds)).toEqual([['m1'], ['m2']]);
  });

  it('are cut into calls of at most 64 entries, in one write', async () => {
    const queue = createQueue();
    for (let at = 0; at < 150; at++) void append(queue, at < 100 ? 'a' : 'b', `m${at}`);
    await endOfTurn();
    expect(calls.map((call) => sentIds(call).length)).toEqual([64, 64, 22]);
    expect(calls.flatMap(sentIds)).toEqual(Array.from({ length: 150 }, (_, at) => `m${at}`));
    expect(writes).toBe(1);
  });

  it('get one call for each slot of a cluster', async () => {
    const queue = createQueue('SPUBLISH');
    for (const [at, channel] of ['a', 'b', 'a', 'c'].entries()) void append(queue, channel, `m${at}`);
    await endOfTurn();
    expect(calls.map(sentIds)).toEqual([['m0', 'm2'], ['m1'], ['m3']]);
    for (const { keys } of calls) expect(new Set(keys.map(slotOf)).size).toBe(1);
  });
});

describe('an append', () => {
  it('is refused alone if only its log refuses', async () => {
    const queue = createQueue();
    const [bad, good] = [append(queue, 'a', 'm1'), append(queue, 'b', 'm2')];
    await endOfTurn();
    calls[0]?.answer(['! WRONGTYPE not a hash', 'e 1 m2']);
    await expect(bad).rejects.toThrow('WRONGTYPE not a hash');
    expect(await good).toMatchObject({ offset: 1 });
    expect(confirmed).toEqual(['b 1']);
  });

  it('is refused if its call fails, and if 20,000 wait', async () => {
    const queue = createQueue();
    const waiting = Array.from({ length: 20_000 }, (_, at) => append(queue, 'a', `m${at}`));
    await expect(append(queue, 'b', 'more')).rejects.toThrow('20000 wait');
    await endOfTurn();
    for (const { fail } of calls) fail(new EngineUnavailable('down'));
    for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
    const next = append(queue, 'a', 'm1');
    await endOfTurn();
    calls.at(-1)?.answer(['e 3 m1']);
    expect(await next).toMatchObject({ offset: 3 });
  });
});

describe.each([
  ['to a queue', { group: ['g'] }],
  ['of a bridge', { position: '1' }],
] as const)('appends %s', (_, more) => {
  const submit = (queue: AppendQueue, ids: readonly number[], channel = 'a') =>
    ids.map((at) => {
      const appended = append(queue, channel, `m${at}`, undefined, more);
      appended.catch(() => {}); // it is looked at later
      return appended;
    });
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const answerAll = (at: number, answer: (id: string) => string) => {
    const call = calls[at] ?? expect.fail('nothing was sent');
    call.answer(sentIds(call).map(answer));
  };
  const statuses = async (appends: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(appends)).map(({ status }) => status);

  it('have one call at a time, and keep their order', async () => {
    const queue = createQueue();
    const first = submit(queue, range(1, 70));
    await endOfTurn();
    const later = submit(queue, [71]);
    await endOfTurn();
    expect(calls.map((call) => sentIds(call).length)).toEqual([64]);
    answerAll(0, (id) => `e 1 ${id}`);
    await Promise.all(first.slice(0, 64));
    later.push(...submit(queue, [72]));
    await endOfTurn();
    await endOfTurn();
    expect(calls.flatMap(sentIds)).toEqual(range(1, 72).map((at) => `m${at}`));
    answerAll(1, (id) => `e 1 ${id}`);
    expect(await statuses([...first, ...later])).toEqual(Array(72).fill('fulfilled'));
    expect(queue.isWaiting).toBe(false);
  });

  it.each(['? 3', '! OOM no memory'])('are refused behind one that is answered "%s"', async (refusal) => {
    const queue = createQueue();
    const behind = submit(queue, range(1, 70));
    const other = submit(queue, [100], 'b');
    await endOfTurn();
    behind.push(...submit(queue, [71]));
    answerAll(0, (id) => (id === 'm1' ? 'e 1 m1' : refusal));
    await endOfTurn();
    expect(await statuses(behind)).toEqual(['fulfilled', ...Array(70).fill('rejected')]);
    expect(calls).toHaveLength(2);
    answerAll(1, (id) => `e 1 ${id}`);
    expect(await statuses(other)).toEqual(['fulfilled']);
    const next = submit(queue, [72]);
    await endOfTurn();
    answerAll(2, (id) => `e 2 ${id}`);
    expect(await statuses(next)).toEqual(['fulfilled']);
    expect(queue.isWaiting).toBe(false);
  });

  it('are refused behind a call that fails, and not behind a head that has moved', async () => {
    const queue = createQueue();
    const lost = submit(queue, range(1, 65));
    await endOfTurn();
    calls[0]?.fail(new EngineUnavailable('down'));
    expect(await statuses(lost)).toEqual(Array(65).fill('rejected'));
    const some = submit(queue, range(1, 65));
    await endOfTurn();
    answerAll(1, (id) => (id === 'm1' ? '~ 5 e' : `e 1 ${id}`));
    await endOfTurn();
    await endOfTurn();
    answerAll(2, (id) => `e 1 ${id}`);
    expect(await statuses(some)).toEqual(['rejected', ...Array(64).fill('fulfilled')]);
  });
});
