import type { Draft, Json } from '@sluice/protocol';
import { defineChannels, type Schema } from '@sluice/protocol/contracts';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../config/schema.ts';
import { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import { validateDraft, validateState } from './validate.ts';

const CHAT = {
  message: z.object({ text: z.string().max(5), at: z.string().default('now') }),
  events: { typing: z.object({ on: z.boolean() }) },
  presence: z.object({ status: z.enum(['here', 'away']) }),
};

/** A schema that is nothing but its function. */
const schema = (validate: (value: unknown) => unknown) =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as unknown as Schema;

interface Checked {
  readonly rule: Rule;
  readonly faults: { where: string; error: unknown }[];
  publish(draft: Draft): Draft | Refusal;
}

function channelOf(contract: object): Checked {
  const contracts = defineChannels({ 'chat:{room}': contract });
  const [rule] = parseConfig({ anonymous: true, contracts }).channels;
  if (rule === undefined) throw new Error('there is no rule');
  const events = new EventBus();
  const faults: Checked['faults'] = [];
  events.on('fault', (fault) => faults.push(fault));
  return { rule, faults, publish: (draft) => validateDraft(draft, rule, events) };
}

function issuesOf(outcome: unknown): unknown {
  return outcome instanceof Refusal ? outcome.body.issues : outcome;
}

describe('a message under a contract', () => {
  const chat = channelOf(CHAT);

  it('becomes what the schema makes of it', () => {
    const draft = { data: { text: 'Hi', more: 1 }, tags: { a: 'b' }, key: 'k' };
    expect(chat.publish(draft)).toEqual({ ...draft, data: { text: 'Hi', at: 'now' } });
    expect(chat.publish({ data: { on: true }, event: 'typing' })).toEqual({ data: { on: true }, event: 'typing' });
  });

  it.each<[string, Draft, unknown]>([
    ['whose data does not fit', { data: { text: 7 } }, { path: 'data.text', message: expect.stringMatching(/string/) }],
    ['without an event, as one with', { data: { on: true } }, { path: 'data.text', message: expect.any(String) }],
    [
      'with an event, as one without',
      { data: { text: 'Hi' }, event: 'typing' },
      { path: 'data.on', message: expect.any(String) },
    ],
    ['with another event', { data: 1, event: 'typng' }, { path: 'event', message: 'must be one of "typing"' }],
    ['that is nothing', { data: null }, { path: 'data', message: expect.any(String) }],
  ])('is refused %s', (_, draft, issue) => {
    expect(issuesOf(chat.publish(draft))).toEqual([issue]);
  });

  it('says the first issue, and how many more there are', () => {
    const outcome = channelOf({ message: z.object({ a: z.string(), b: z.string() }) }).publish({ data: {} });
    expect(outcome).toMatchObject({
      error: 'payload_invalid',
      detail: expect.stringMatching(/^data\.a: .+ \(and 1 more\)$/),
    });
  });

  it('without an event is refused where there are events only', () => {
    const moves = channelOf({ events: { move: z.string() } });
    expect(issuesOf(moves.publish({ data: 'e4' }))).toEqual([{ path: 'event', message: 'must be one of "move"' }]);
    expect(moves.publish({ data: 'e4', event: 'move' })).toEqual({ data: 'e4', event: 'move' });
  });

  it('may have any event where none are listed', () => {
    const notes = channelOf({ message: z.string() });
    expect(notes.publish({ data: 'text', event: 'any' })).toEqual({ data: 'text', event: 'any' });
    expect(issuesOf(notes.publish({ data: 7, event: 'any' }))).toHaveLength(1);
  });

  it('is not touched where there is a schema for presence only', () => {
    const draft = { data: { any: 'thing' } };
    expect(channelOf({ presence: z.string() }).publish(draft)).toBe(draft);
  });
});

describe('issues', () => {
  it('are at most ten', () => {
    const outcome = channelOf({ message: z.array(z.string()) }).publish({ data: Array.from({ length: 50 }, () => 1) });
    expect(issuesOf(outcome)).toHaveLength(10);
    expect(outcome).toMatchObject({ detail: expect.stringMatching(/^data\[0\]: .+ \(and 49 more\)$/) });
  });

  it('are cut where they are long, in path and message', () => {
    const name = 'n'.repeat(1000);
    const long = schema(() => ({ issues: [{ message: '🙂'.repeat(1000), path: [{ key: name }, 3] }] }));
    const [issue] = issuesOf(channelOf({ message: long }).publish({ data: 1 })) as [{ path: string; message: string }];
    expect(issue.path).toBe(`…${'n'.repeat(197)}[3]`);
    expect(issue.message.length).toBeLessThanOrEqual(201);
    expect(issue.message.isWellFormed()).toBe(true);
  });

  it('are there even if the schema names none', () => {
    const mute = channelOf({ message: schema(() => ({ issues: [] })) });
    expect(issuesOf(mute.publish({ data: 1 }))).toEqual([{ path: 'data', message: 'does not match the schema' }]);
  });
});

describe('a schema at fault', () => {
  it.each<[string, (value: unknown) => unknown, RegExp]>([
    [
      'that throws',
      () => {
        throw new Error('a bug');
      },
      /^data: could not be checked: the schema failed$/,
    ],
    [
      'that answers with a promise',
      async () => ({ value: 1 }),
      /^data: cannot be checked: the schema answers with a promise/,
    ],
    ['that answers with a promise that fails', () => Promise.reject(new Error('late')), /answers with a promise/],
    ['that answers with nothing', () => undefined, /the schema failed/],
    [
      'that makes a date',
      () => ({ value: { at: [new Date(0)] } }),
      /something else than JSON of it: data\.at\[0\]: not a plain object/,
    ],
    ['that makes a function', () => ({ value: { run: () => {} } }), /data\.run: a function is not a JSON value/],
    ['that makes nothing', () => ({ value: undefined }), /data: missing/],
    [
      'that makes a circle',
      () => {
        const value: { self?: object } = {};
        value.self = value;
        return { value };
      },
      /the schema failed|nested deeper/,
    ],
  ])('%s refuses, and is reported', (_, validate, detail) => {
    const { publish, faults } = channelOf({ message: schema(validate) });
    expect(publish({ data: 1 })).toMatchObject({ error: 'payload_invalid', detail: expect.stringMatching(detail) });
    expect(faults).toEqual([{ where: 'the schema for the data of "chat:{room}"', error: expect.any(Error) }]);
  });

  it('is none where a field is undefined: in JSON there is no such field', () => {
    const shaped = z
      .object({ a: z.string(), b: z.string().optional() })
      .transform(({ a, b }) => ({ a, list: [{ b }] }));
    const { publish, faults } = channelOf({ message: shaped });
    const outcome = publish({ data: { a: 'x' } }) as Draft;
    expect(JSON.stringify(outcome.data)).toBe('{"a":"x","list":[{}]}');
    expect(Object.keys((outcome.data as { list: object[] }).list[0] ?? { none: 1 })).toEqual([]);
    expect(faults).toEqual([]);
  });
});

describe('a state under a contract', () => {
  const { rule } = channelOf({ presence: CHAT.presence });
  const validate = (state: Json) => validateState(state, rule, new EventBus());

  it('becomes what the schema makes of it', () => {
    expect(validate({ status: 'away', more: 1 })).toEqual({ value: { status: 'away' } });
  });

  it('is refused where it does not fit', () => {
    expect(issuesOf(validate({ status: 'gone' }))).toEqual([{ path: 'state.status', message: expect.any(String) }]);
  });
});
