import { checkData, type ErrorBody, type Json } from '@sluice/protocol';
import { defineChannels, type Schema } from '@sluice/protocol/contracts';
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SluiceError } from '../src/sluice-error.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const OPEN = { allow: { '*': 'users' }, history: true } as const;

/**
 * The same contract in three libraries, with everything that makes input and output differ: unknown
 * fields, defaults and transforms.
 */
const MESSAGES: Readonly<Record<string, Schema>> = {
  zod: z.object({ text: z.string().trim().min(1), n: z.number().int().default(7) }),
  valibot: v.object({
    text: v.pipe(v.string(), v.trim(), v.minLength(1)),
    n: v.optional(v.pipe(v.number(), v.integer()), 7),
  }),
  arktype: type({ '+': 'delete', text: 'string.trim |> string > 0', n: 'number.integer = 7' }),
  tuple: z.tuple([z.string(), z.number()]),
  either: z.union([z.string(), z.null(), z.object({ list: z.array(z.boolean()).max(3) })]),
};

const STATE = z.object({ status: z.enum(['here', 'away']), note: z.string().default('') });

const channels = defineChannels({
  ...Object.fromEntries(
    Object.entries(MESSAGES).map(([name, message]) => [
      `${name}:{id}`,
      { message, events: { [name]: z.number() }, rule: OPEN },
    ]),
  ),
  // {"status":"here"} fits until the default note is added.
  'tight:{id}': { presence: STATE, rule: { ...OPEN, presence: { state: 20 } } },
  'room:{id}': {
    message: z.string(),
    presence: STATE,
    rule: { ...OPEN, presence: { state: 60, interval: 0 } },
  },
});

let world: World;
let ada: LoopbackPeer['client'];

beforeEach(async () => {
  world = await createWorld({ contracts: channels, channels: {} });
  ada = (await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }))).client;
});

const errorOf = async (asked: Promise<unknown>): Promise<ErrorBody | undefined> =>
  ((await asked) as { error?: ErrorBody }).error;

describe('a gateway with contracts', () => {
  it('stores and delivers the output of the message schema', async () => {
    await ada.result({ type: 'subscribe', channel: 'zod:a' });
    await ada.result({ type: 'publish', channel: 'zod:a', data: { text: ' Hi ', extra: true } });
    expect(await ada.messages('zod:a', 1)).toMatchObject([{ offset: 1, data: { text: 'Hi', n: 7 } }]);
    expect(await ada.result({ type: 'history', channel: 'zod:a' })).toMatchObject({
      messages: [{ data: { text: 'Hi', n: 7 } }],
    });
  });

  it('reports what is wrong and where, and appends nothing', async () => {
    expect(await errorOf(ada.request({ type: 'publish', channel: 'zod:a', data: { text: 7, n: 'x' } }))).toEqual({
      code: 4310,
      name: 'payload_invalid',
      message: expect.stringMatching(/^data\.text: .+ \(and 1 more\)$/),
      retryable: false,
      remedy: expect.stringContaining('names the path'),
      issues: [
        { path: 'data.text', message: expect.any(String) },
        { path: 'data.n', message: expect.any(String) },
      ],
    });
    expect(await ada.result({ type: 'history', channel: 'zod:a' })).toMatchObject({ head: 0 });
  });

  it('refuses an event that is not listed', async () => {
    const publish = (event: string) => errorOf(ada.request({ type: 'publish', channel: 'zod:a', data: 1, event }));
    expect(await publish('zod')).toBeUndefined();
    expect(await publish('valibot')).toMatchObject({ name: 'payload_invalid', message: 'event: must be one of "zod"' });
  });

  it('checks the publishes of the embedding program', async () => {
    const error = await world.gateway.publish('zod:a', { text: '' }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SluiceError);
    expect(error).toMatchObject({ name: 'payload_invalid', issues: [{ path: 'data.text' }] });
    expect(await world.gateway.publish('zod:a', { text: 'Hi' })).toMatchObject({ offset: 1 });
  });

  it('delivers the output of the state schema', async () => {
    await ada.result({ type: 'enter', channel: 'room:1', state: { status: 'away', more: 1 } });
    expect(await ada.result({ type: 'members', channel: 'room:1' })).toMatchObject({
      members: [{ user: 'ada', state: { status: 'away', note: '' } }],
    });
  });

  it.each<[string, string, Json, object]>([
    [
      'that does not fit',
      'room:1',
      { status: 'gone' },
      { name: 'payload_invalid', issues: [{ path: 'state.status' }] },
    ],
    ['that is too large', 'room:1', { status: 'here', note: 'n'.repeat(60) }, { name: 'payload_too_large' }],
    ['that the schema makes too large', 'tight:1', { status: 'here' }, { name: 'payload_too_large' }],
  ])('refuses a state %s', async (_, channel, state, error) => {
    expect(await errorOf(ada.request({ type: 'enter', channel, state }))).toMatchObject(error);
    expect(await ada.result({ type: 'members', channel })).toMatchObject({ total: 0 });
  });

  it('lets a member enter without a state', async () => {
    await ada.result({ type: 'enter', channel: 'room:1' });
    expect(await ada.result({ type: 'members', channel: 'room:1' })).toMatchObject({ total: 1 });
  });

  it('measures the size of the schema output', async () => {
    const grown = defineChannels({
      'a:{b}': { message: z.string().transform((text) => text.repeat(50)), rule: { ...OPEN, maxPayload: 100 } },
    });
    const other = await createWorld({ contracts: grown, channels: {} });
    await expect(other.gateway.publish('a:b', 'four')).rejects.toMatchObject({ name: 'payload_too_large' });
    expect(await other.gateway.publish('a:b', 'x')).toMatchObject({ offset: 1 });
  });
});

/** Drafts that are often valid, and often nearly valid. */
const text = fc.oneof(fc.string(), fc.constant(' '), fc.constant('Hi'));
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant('x'));
const noted = fc.record({ text, n: number }, { requiredKeys: ['text'] });
const LIKELY: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  zod: noted,
  valibot: noted,
  arktype: noted,
  tuple: fc.tuple(text, number),
  either: fc.record({ list: fc.array(fc.oneof(fc.boolean(), fc.constant(null)), { maxLength: 5 }) }),
};
const anything = fc.oneof(fc.record({ text, extra: fc.boolean() }), fc.jsonValue({ maxDepth: 2 }));
const cases = fc.constantFrom(...Object.keys(MESSAGES)).chain((name) =>
  fc.tuple(
    fc.constant(name),
    // Other tests cover drafts that no channel accepts.
    fc.oneof(LIKELY[name] ?? anything, anything).filter((data) => checkData(data) === null) as fc.Arbitrary<Json>,
  ),
);
const events = fc.option(fc.constantFrom(...Object.keys(MESSAGES)), { nil: undefined, freq: 2 });

it('accepts exactly what the schema accepts, and delivers its output', async () => {
  const names = Object.keys(MESSAGES);
  for (const name of names) await ada.result({ type: 'subscribe', channel: `${name}:p` });
  const heads = new Map(names.map((name) => [name, 0]));
  await fc.assert(
    fc.asyncProperty(cases, events, async ([name, draft], event) => {
      // As JSON: -0 becomes 0.
      const data = JSON.parse(JSON.stringify(draft)) as Json;
      const schema = event === undefined ? MESSAGES[name] : event === name ? z.number() : undefined;
      const verdict = schema?.['~standard'].validate(data);
      const channel = `${name}:p`;
      const outcome = await errorOf(
        ada.request({ type: 'publish', channel, data, ...(event === undefined ? {} : { event }) }),
      );
      if (verdict === undefined || verdict instanceof Promise || verdict.issues) {
        expect(outcome).toMatchObject({ name: 'payload_invalid', issues: expect.any(Array) });
      } else {
        expect(outcome).toBeUndefined();
        const offset = (heads.get(name) ?? 0) + 1;
        heads.set(name, offset);
        const messages = await ada.messages(channel, offset);
        expect(messages.at(-1)).toMatchObject({ offset });
        expect(messages.at(-1)?.data).toEqual(JSON.parse(JSON.stringify(verdict.value)));
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(...heads.values())).toBeGreaterThan(0);
});
