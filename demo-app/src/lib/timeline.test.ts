import type { Entry } from '@sluice/client/svelte';
import { describe, expect, it } from 'vitest';
import { buildRows, type Outgoing, type Row, textOf } from './timeline.ts';

const noon = new Date(2026, 4, 12, 12, 0, 0).getTime();
const second = 1000;
const day = 24 * 60 * 60 * second;

function message(offset: number, from: string, time: number): Entry {
  const base = { id: `id-${offset}`, channel: 'chat:lobby', epoch: 'e', offset, time };
  return { kind: 'message', key: `id-${offset}`, message: { ...base, from, data: { text: `text ${offset}` } } };
}

function gap(from: number, to: number): Entry {
  const positions = { from: { epoch: 'e', offset: from }, to: { epoch: 'e', offset: to } };
  const notice = { channel: 'chat:lobby', ...positions, reason: 'retention' as const, lost: to - from };
  return { kind: 'gap', key: `gap ${to}`, gap: notice };
}

function outgoing(key: string, time: number): Outgoing {
  return { key, text: key, time, status: 'sending' };
}

/** Rows in short: `day`, `gap`, `new`, or a group as `author:offsets`. */
function sketch(rows: Row[]): string[] {
  return rows.map((row) => {
    if (row.kind !== 'group') return row.kind;
    return `${row.own ? 'me' : row.author}:${row.lines.map((line) => line.offset ?? line.key).join(',')}`;
  });
}

const lay = (entries: Entry[], outbox: Outgoing[] = [], newSince?: string) =>
  sketch(buildRows({ entries, outbox, user: 'ada', newSince }));

it('groups messages of one author within a minute', () => {
  const entries = [
    message(1, 'bob', noon),
    message(2, 'bob', noon + second),
    message(3, 'ada', noon + 2 * second),
    message(4, 'bob', noon + 3 * second),
    message(5, 'bob', noon + 61 * second),
  ];
  expect(lay(entries)).toEqual(['day', 'bob:1,2', 'me:3', 'bob:4', 'bob:5']);
});

it('separates days', () => {
  expect(lay([message(1, 'bob', noon - day), message(2, 'bob', noon)])).toEqual(['day', 'bob:1', 'day', 'bob:2']);
});

it('shows a gap at its position, and splits the group', () => {
  const entries = [message(1, 'bob', noon), gap(1, 4), message(5, 'bob', noon + second)];
  expect(lay(entries)).toEqual(['day', 'bob:1', 'gap', 'bob:5']);
});

it('shows a gap before the first message', () => {
  expect(lay([gap(0, 4), message(5, 'bob', noon)])).toEqual(['gap', 'day', 'bob:5']);
});

it('puts outgoing messages last, in the group of the message before them', () => {
  expect(lay([message(1, 'ada', noon)], [outgoing('x', noon + second)])).toEqual(['day', 'me:1,x']);
});

it('marks where the new messages begin', () => {
  const entries = [message(1, 'bob', noon), message(2, 'bob', noon)];
  expect(lay(entries, [], 'id-2')).toEqual(['day', 'bob:1', 'new', 'bob:2']);
});

it('keeps every key unique', () => {
  const entries = [message(1, 'bob', noon), gap(1, 4), message(5, 'bob', noon + day), message(6, 'ada', noon + day)];
  const rows = buildRows({ entries, outbox: [outgoing('x', noon + day)], user: 'ada', newSince: 'id-5' });
  const keys = rows.flatMap((row) =>
    row.kind === 'group' ? [row.key, ...row.lines.map((line) => line.key)] : row.key,
  );
  expect(new Set(keys).size).toBe(keys.length);
});

describe('a group that is already shown', () => {
  const group = [1, 2, 3].map((offset) => message(offset, 'bob', noon + offset * second));
  const rebuild = (entries: Entry[], shown: readonly Row[]) => buildRows({ entries, outbox: [], user: 'ada', shown });
  const keysOf = (rows: readonly Row[]) => rows.filter(({ kind }) => kind === 'group').map(({ key }) => key);

  it.each<[string, Entry[], Entry[]]>([
    ['its oldest lines are removed', group, group.slice(1)],
    ['lines are added after it', group.slice(0, 2), group],
    ['older lines are added before it', group.slice(1), group],
  ])('keeps its key when %s', (_, before, after) => {
    const shown = rebuild(before, []);
    expect(keysOf(rebuild(after, shown))).toEqual(keysOf(shown));
  });

  it('passes its key to one of its parts when it is split', () => {
    const shown = rebuild(group.slice(1), rebuild(group, []));
    const split = rebuild([message(1, 'bob', noon), gap(1, 1), ...group.slice(1)], shown);
    const keys = keysOf(split);
    expect(new Set(keys).size).toBe(2);
    expect(split.map(({ kind }) => kind)).toEqual(['day', 'group', 'gap', 'group']);
  });

  it('reuses its lines', () => {
    const [, before] = rebuild(group, []);
    const [, after] = rebuild(group.slice(1), []);
    if (before?.kind !== 'group' || after?.kind !== 'group') throw new Error('no group');
    expect(after.lines[0]).toBe(before.lines[1]);
  });
});

it.each([
  [{ text: 'hello' }, 'hello'],
  ['plain', 'plain'],
  [{ text: 3 }, '{"text":3}'],
  [null, 'null'],
  [[1, 2], '[1,2]'],
])('reads the text of %j', (data, text) => {
  expect(textOf(data)).toBe(text);
});
