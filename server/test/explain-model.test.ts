import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Verb } from '../src/auth/identity.ts';
import type { ConfigInput } from '../src/config/config.ts';
import type { HookCall, HookKind } from '../src/hook.ts';
import type { OperationExplanation } from '../src/hooks/explain-operation.ts';
import type { CommandInput } from './support/protocol-client.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const KEY = 'an-API-key-that-only-tests-know';

/** The verbs that a command of a client needs. */
const COMMANDS = {
  subscribe: (channel) => ({ type: 'subscribe', channel }),
  publish: (channel) => ({ type: 'publish', channel, data: 1 }),
  history: (channel) => ({ type: 'history', channel }),
  presence: (channel) => ({ type: 'members', channel }),
  enter: (channel) => ({ type: 'enter', channel }),
  consume: (channel) => ({ type: 'consume', channel }),
  request: (channel) => ({ type: 'request', channel, data: 1 }),
  respond: (channel) => ({ type: 'respond', channel }),
} satisfies Partial<Record<Verb, (channel: string) => CommandInput>>;

const VERBS = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
const CHANNELS = ['a:ada', 'a:ben', 'b', 'queue', 'nowhere'] as const;
const GRANTS = ['anyone', 'users', 'role:writer'] as const;

/** Errors of the gateway that say that the client may not do this; any other error says that it may. */
const DENIALS = ['permission_denied', 'channel_unknown', 'token_required', 'connect_denied'];

interface Token {
  readonly sub: string;
  readonly role?: string;
  readonly caps?: Record<string, string[]>;
}

interface AnyHook {
  readonly on: readonly HookKind[];
  readonly channels: readonly string[];
  readonly allow: boolean;
}

const allow = (more: readonly string[] = []) =>
  fc.dictionary(fc.constantFrom(...VERBS), fc.subarray([...GRANTS, ...more], { minLength: 1 }), { maxKeys: 5 });

const channels = fc.record({
  'a:{user}': fc.record({ allow: allow(['owner:{user}', 'claim:users:{user}']), history: fc.constant(true) }),
  b: fc.record({ allow: allow(), history: fc.boolean() }),
  queue: fc.record({ allow: allow(), queue: fc.constant(true) }),
});

const token: fc.Arbitrary<Token | null> = fc.option(
  fc.record(
    {
      sub: fc.constantFrom('ada', 'ben'),
      role: fc.constantFrom('writer', 'reader'),
      users: fc.constant(['ben']),
      caps: fc.dictionary(
        fc.constantFrom('a:*', 'a:ada', '**', 'b'),
        fc.subarray([...VERBS, ...VERBS.map((verb) => `!${verb}`), '*'], { minLength: 1, maxLength: 4 }),
        { maxKeys: 3 },
      ),
    },
    { requiredKeys: ['sub'] },
  ),
  { freq: 3 },
);

const OPERATIONS = ['subscribe', 'publish', 'enter', 'request'] as const;

/** Two hooks must not be equally specific for the same operation. */
const hooks: fc.Arbitrary<readonly AnyHook[]> = fc
  .tuple(
    fc.record({
      on: fc.subarray<HookKind>(['connect', ...OPERATIONS], { minLength: 1 }),
      channels: fc.constantFrom(['a:*'], ['a:*', 'queue']),
      allow: fc.boolean(),
    }),
    fc.record({
      on: fc.subarray<HookKind>([...OPERATIONS], { minLength: 1 }),
      channels: fc.constantFrom(['b'], ['**']),
      allow: fc.boolean(),
    }),
  )
  .chain((both) => fc.subarray(both));

async function explainedBy(world: World, question: object): Promise<OperationExplanation> {
  const headers = { authorization: `Bearer ${KEY}` };
  const { status, body } = await world.transport.request({
    method: 'POST',
    path: '/api/v1/explain',
    headers,
    body: question,
  });
  expect(status).toBe(200);
  return JSON.parse(String(body));
}

/** Does the client get through with this command? */
async function mayDo(world: World, token: string | undefined, command: CommandInput): Promise<boolean> {
  const { client } = world.open();
  const error = await client
    .result(token === undefined ? { type: 'connect' } : { type: 'connect', token })
    .then(() => client.result(command))
    .then(
      () => '',
      (failure: Error) => failure.message,
    );
  return !DENIALS.some((name) => error.includes(name));
}

describe('explain', () => {
  it('says what the gateway does, for any rules, tokens, hooks and verbs', async () => {
    const verb = fc.constantFrom(...VERBS);
    const channel = fc.constantFrom(...CHANNELS);
    await fc.assert(
      fc.asyncProperty(fc.record({ channels, token, hooks, verb, channel, anonymous: fc.boolean() }), async (drawn) => {
        const asked: string[] = [];
        const functions = Object.fromEntries(
          drawn.hooks.map(({ on, channels: patterns, allow: answer }, at) => {
            const ask = ({ hook }: HookCall) => {
              asked.push(`hook${at} ${hook}`);
              return answer;
            };
            return [`hook${at}`, { channels: patterns, ...Object.fromEntries(on.map((kind) => [kind, ask])) }];
          }),
        );
        const { anonymous } = drawn;
        const config = { channels: drawn.channels, hooks: functions, anonymous } as unknown as ConfigInput;
        const world = await createWorld({ ...config, drain: 0, apiKeys: [{ name: 'root', secret: KEY }] });
        const { sub, caps, ...claims } = drawn.token ?? { sub: '' };
        const clock = () => world.clock.now();
        const signed = drawn.token === null ? undefined : await tokenFor(sub, { claims, clock, ...(caps && { caps }) });
        const question = { channel: drawn.channel, verb: drawn.verb };
        const explanation = await explainedBy(world, { ...question, ...(signed !== undefined && { token: signed }) });
        expect(asked).toEqual([]); // an explanation has no effects in a backend
        const may = await mayDo(world, signed, COMMANDS[drawn.verb](drawn.channel));

        const isDeniedByHook = asked.some((call) => drawn.hooks[Number(call[4])]?.allow === false);
        expect([explanation.allowed && !isDeniedByHook, explanation.message]).toEqual([may, explanation.message]);
        if (!explanation.allowed) return;
        const named = (explanation.hooks ?? []).map(({ name, operation }) => `${name} ${operation}`);
        expect(isDeniedByHook ? named.slice(0, asked.length) : named).toEqual(asked);
      }),
      { numRuns: 100 },
    );
  });
});
