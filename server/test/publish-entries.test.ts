/** The three entries to the publish door: a WebSocket, the HTTP API and the embedding program. */

import type { ErrorBody, Json } from '@sluice/protocol';
import { defineChannels } from '@sluice/protocol/contracts';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AppendOptions, EngineFull, EngineUnavailable, type Entry } from '../src/engine/engine.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { SluiceError } from '../src/sluice-error.ts';
import type { CommandInput } from './support/protocol-client.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const OPEN = { allow: { publish: 'users' }, history: true } as const;
const USERS = 'the rule "closed:{id}" allows it to nobody';

const contracts = defineChannels({
  'typed:{id}': { message: z.object({ text: z.string() }), events: { note: z.number() }, rule: OPEN },
});

const failing = () => {
  throw new Error('database away');
};

const CHANNELS = {
  'chat:{id}': OPEN,
  'small:{id}': { ...OPEN, maxPayload: 64 },
  'closed:{id}': { allow: {} },
  'slow:{id}': { ...OPEN, rate: 1 },
  'throws:{id}': { allow: { publish: failing } },
  'rejects:{id}': { allow: { publish: async () => failing() } },
  'number:{id}': { allow: { publish: (() => 1) as never } },
  'nothing:{id}': { allow: { publish: (async () => undefined) as never } },
};

/** Fails on some channels, synchronously or later. */
class FailingEngine extends MemoryEngine {
  override append(channel: string, entry: Entry, options: AppendOptions) {
    if (channel === 'chat:away') throw new EngineUnavailable('the engine is away');
    if (channel === 'chat:lost') return Promise.reject(new EngineUnavailable('the answer was lost')) as never;
    if (channel === 'chat:full') return Promise.reject(new EngineFull('the disk is full')) as never;
    return super.append(channel, entry, options);
  }
}

/** The answer of an entry: published, or an error. */
type Answer = { readonly [Field in 'published' | keyof ErrorBody]?: unknown };

const shown = ({ name, message, retryAfter, issues }: ErrorBody): Answer => ({ name, message, retryAfter, issues });

type Fields = Readonly<Record<string, unknown>>;
type Entrance = (fields: Fields) => Promise<Answer>;

let world: World;
let ada: LoopbackPeer['client'];
let token: string;

beforeEach(async () => {
  world = await createWorld(
    { channels: CHANNELS, contracts, limits: { operations: 0, bytes: 0 } },
    { engine: (clock) => new FailingEngine({ clock }) },
  );
  token = await tokenFor('ada', { clock: () => world.clock.now() });
  ada = (await world.connect(token)).client;
});

const byWebSocket: Entrance = async (fields) => {
  const answer = await ada.request({ ...fields, type: 'publish' } as unknown as CommandInput);
  await ada.request({ type: 'ping' }); // ten consecutive invalid commands would close the connection
  return answer.type === 'error' ? shown(answer.error) : { published: true };
};

const byHttp: Entrance = async (fields) => {
  const headers = { authorization: `Bearer ${token}` };
  const reply = await world.transport.request({ method: 'POST', path: '/api/v1/publish', headers, body: fields });
  const body = JSON.parse(String(reply.body)) as { readonly error?: ErrorBody };
  return body.error === undefined ? { published: true } : shown(body.error);
};

const byHttpBatch: Entrance = async (fields) => {
  const headers = { authorization: `Bearer ${token}` };
  const reply = await world.transport.request({ method: 'POST', path: '/api/v1/publish', headers, body: [fields] });
  const [entry] = JSON.parse(String(reply.body)) as [{ readonly error?: ErrorBody }];
  return entry.error === undefined ? { published: true } : shown(entry.error);
};

const byProgram: Entrance = async ({ channel, data, ...options }) => {
  try {
    await world.gateway.publish(channel as string, data as Json, options);
    return { published: true };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const { name, message, retryAfter, issues } = error;
    return { name, message, retryAfter, issues };
  }
};

/** Entries whose caller is a user. */
const OF_USERS: readonly Entrance[] = [byWebSocket, byHttp, byHttpBatch];
const ALL: readonly Entrance[] = [...OF_USERS, byProgram];

const at = (channel: unknown, draft: Fields = { data: 1 }): Fields => ({ channel, ...draft });

describe('each entry', () => {
  it.each<[string, Fields, Answer]>([
    ['no channel', { data: 1 }, { name: 'command_invalid', message: '"channel" must be a string' }],
    ['a channel that is a number', at(7), { name: 'command_invalid', message: '"channel" must be a string' }],
    ['a head that is elsewhere', at('chat:new', { data: 1, if: { offset: 5 } }), { name: 'conflict' }],
    [
      'a head without an offset',
      at('chat:new', { data: 1, if: {} }),
      {
        name: 'command_invalid',
        message: '"if" must be { "offset": integer, "epoch"?: string }, the expected head of the log',
      },
    ],
    ['an empty name', at(''), { name: 'channel_invalid' }],
    ['an empty segment', at('chat::a'), { name: 'channel_invalid' }],
    ['a name that is too long', at(`chat:${'a'.repeat(200)}`), { name: 'channel_invalid' }],
    ['a channel without a rule', at('other:a'), { name: 'channel_unknown' }],
    ['no data', at('chat:a', {}), { name: 'command_invalid', message: '"data" is required; use null for nothing' }],
    ['an empty event', at('chat:a', { data: 1, event: '' }), { name: 'command_invalid' }],
    ['a tag that is a number', at('chat:a', { data: 1, tags: { a: 1 } }), { name: 'command_invalid' }],
    ['a key that is too long', at('chat:a', { data: 1, key: 'k'.repeat(1_000) }), { name: 'command_invalid' }],
    ['data that is too large', at('small:a', { data: 'x'.repeat(100) }), { name: 'payload_too_large' }],
    ['data that its contract refuses', at('typed:a', { data: { text: 1 } }), { name: 'payload_invalid' }],
    ['an event that its contract does not know', at('typed:a', { data: 1, event: 'x' }), { name: 'payload_invalid' }],
    ['an engine that is away', at('chat:away'), { name: 'unavailable', retryAfter: 1_000 }],
    ['an engine whose answer is lost', at('chat:lost'), { name: 'unavailable', retryAfter: 1_000 }],
    ['an engine that is full', at('chat:full'), { name: 'storage_full', retryAfter: 1_000 }],
  ])('reports the same error about %s', async (_, fields, expected) => {
    const answers = [];
    for (const entrance of ALL) answers.push(await entrance(fields));
    expect(answers[0]).toMatchObject(expected);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it.each<[string, string, Answer]>([
    [
      'no user may publish',
      'closed:a',
      { name: 'permission_denied', message: `"publish" on "closed:a" is not allowed to user "ada": ${USERS}` },
    ],
    ['a grant throws', 'throws:a', { name: 'internal', retryAfter: undefined }],
    ['a grant rejects', 'rejects:a', { name: 'internal', retryAfter: undefined }],
    ['a grant returns a number', 'number:a', { name: 'internal', retryAfter: undefined }],
    ['a grant returns nothing', 'nothing:a', { name: 'internal', retryAfter: undefined }],
  ])('refuses a user in the same way if %s, and lets the program publish', async (_, channel, expected) => {
    const faults: string[] = [];
    world.services.events.on('fault', ({ where }) => faults.push(where));
    const answers = [];
    for (const entrance of OF_USERS) answers.push(await entrance(at(channel)));
    expect(answers[0]).toMatchObject(expected);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const pattern = channel.replace(':a', ':{id}');
    const fault = `the grant of "publish" in the rule "${pattern}"`;
    expect(faults).toEqual(expected.name === 'internal' ? [fault] : []); // each cause is reported once
    expect(await byProgram(at(channel))).toEqual({ published: true });
  });

  it('limits a user to the rate of the rule and reports when to retry, and does not limit the program', async () => {
    for (const [entrance, publisher] of [[byWebSocket, 'connection'] as const, [byHttp, 'user'] as const]) {
      for (let n = 0; n < 5; n++) expect(await entrance(at('slow:a'))).toEqual({ published: true });
      expect(await entrance(at('slow:a'))).toMatchObject({
        name: 'rate_limited',
        message: `"slow:a" accepts at most 1 publishes a second from a ${publisher}; wait 1000 ms`,
        retryAfter: 1_000,
      });
    }
    for (let n = 0; n < 20; n++) expect(await byProgram(at('slow:a'))).toEqual({ published: true });
  });

  it('gives the same answer to any fields', async () => {
    const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('chat:a', 'typed:a', 'small:a', 'x'));
    const sometimes = <T>(arbitrary: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 3, arbitrary }, fc.jsonValue({ maxDepth: 1 }));
    const fields = fc.record(
      {
        channel: sometimes(text),
        data: fc.jsonValue({ maxDepth: 2 }),
        event: sometimes(text),
        tags: sometimes(fc.dictionary(text, text, { maxKeys: 3 })),
        key: sometimes(fc.uuid()),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fields, async (raw) => {
        const given = JSON.parse(JSON.stringify(raw)) as Fields;
        const answers = [];
        for (const entrance of ALL) answers.push(await entrance(given));
        for (const answer of answers) expect(answer).toEqual(answers[0]);
      }),
      { numRuns: 200 },
    );
  });
});
