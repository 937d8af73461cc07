import { matchPattern, parsePattern } from '@sluice/protocol';
import type { GrantContext, GrantFunction } from '@sluice/protocol/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, formatGrant, GrantFailed, type Grants, parseGrant, permits } from './acl.ts';
import { ANONYMOUS, type Identity, parseCapabilities, VERBS, type Verb, WILDCARD_VERBS } from './identity.ts';

/** The verbs that `*` does not grant. */
const NAMED_VERBS = ['consume', 'request', 'respond', 'manage'] as const;
const WILDCARD: readonly string[] = WILDCARD_VERBS;

type Caps = Record<string, readonly string[]>;

function user(
  name: string,
  { caps = {}, claims = {} }: { caps?: Caps; claims?: Record<string, unknown> } = {},
): Identity {
  const capabilities = parseCapabilities(caps);
  if (typeof capabilities === 'string') throw new Error(capabilities);
  return { user: name, claims, capabilities };
}

interface Question {
  readonly pattern?: string;
  readonly channel?: string;
  readonly grants?: readonly (string | GrantFunction)[];
  readonly verb?: Verb;
}

function asks(identity: Identity, question: Question = {}): boolean | Promise<boolean> {
  const { pattern: source = 'chat:{room}', channel = 'chat:a', grants = [], verb = 'publish' } = question;
  const pattern = parsePattern(source);
  const params = matchPattern(pattern, channel);
  if (params === null) throw new Error(`${source} does not match ${channel}`);
  const allow: Grants = { publish: grants.map((grant) => parseGrant(grant, pattern)) };
  return permits(identity, verb, channel, { allow }, params);
}

describe('permits() with grants of a rule', () => {
  it.each<[string, string, Identity, boolean]>([
    ['anyone', 'anonymous', ANONYMOUS, true],
    ['users', 'anonymous', ANONYMOUS, false],
    ['users', 'a user', user('ada'), true],
    ['owner:{room}', 'the owner', user('a'), true],
    ['owner:{room}', 'another user', user('ada'), false],
    ['owner:{room}', 'anonymous', ANONYMOUS, false],
    ['claim:rooms:{room}', 'a list that holds the value', user('ada', { claims: { rooms: ['b', 'a'] } }), true],
    ['claim:rooms:{room}', 'a list without it', user('ada', { claims: { rooms: ['b'] } }), false],
    ['claim:rooms:{room}', 'the value itself', user('ada', { claims: { rooms: 'a' } }), true],
    ['claim:rooms:{room}', 'a text that contains it', user('ada', { claims: { rooms: 'abc' } }), false],
    ['claim:rooms:{room}', 'an object with it', user('ada', { claims: { rooms: { a: true } } }), false],
    ['claim:rooms:{room}', 'no such claim', user('ada'), false],
    ['role:admin', 'the role', user('ada', { claims: { role: 'admin' } }), true],
    ['role:admin', 'a list of roles with it', user('ada', { claims: { roles: ['x', 'admin'] } }), true],
    ['role:admin', 'another role', user('ada', { claims: { role: 'administrator', roles: ['x'] } }), false],
    ['role:admin', 'no role', user('ada'), false],
  ])('%s, asked by %s', (grant, _, identity, expected) => {
    expect(asks(identity, { grants: [grant] })).toBe(expected);
  });

  it('compares numbers in a claim with segments as text', () => {
    const identity = user('ada', { claims: { rooms: [42] } });
    expect(asks(identity, { channel: 'chat:42', grants: ['claim:rooms:{room}'] })).toBe(true);
    expect(asks(identity, { channel: 'chat:042', grants: ['claim:rooms:{room}'] })).toBe(false);
  });

  it('does not treat inherited properties as claims', () => {
    expect(asks(user('ada'), { channel: 'chat:Object', grants: ['claim:constructor:{room}'] })).toBe(false);
  });

  it('allows if any of several grants allows', () => {
    expect(asks(user('ada'), { grants: ['role:admin', 'users'] })).toBe(true);
  });

  it('allows only the granted verb', () => {
    expect(asks(user('ada'), { grants: ['anyone'], verb: 'subscribe' })).toBe(false);
  });

  it('calls a function with the user, the verb and the channel', () => {
    const asked: GrantContext[] = [];
    const grant = (context: GrantContext) => asked.push(context) > 0;
    expect(asks(user('ada', { claims: { x: 1 } }), { grants: [grant] })).toBe(true);
    expect(asked).toEqual([
      { user: 'ada', claims: { x: 1 }, channel: 'chat:a', params: { room: 'a' }, verb: 'publish' },
    ]);
  });

  it('denies when the function returns false', () => {
    expect(asks(user('ada'), { grants: [() => false] })).toBe(false);
  });

  it.each<[string, unknown]>([
    ['number', 1],
    ['string', 'yes'],
    ['object', { allowed: true }],
    ['undefined', undefined],
    ['null', null],
  ])('fails if the function returns or resolves to %s', async (kind, answer) => {
    const grants = [(() => answer) as GrantFunction, (async () => answer) as unknown as GrantFunction];
    for (const grant of grants) {
      const failure = await (async () => asks(user('ada'), { grants: [grant] }))().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(GrantFailed);
      expect(String((failure as GrantFailed).cause)).toContain(`returned ${kind}. Return true or false`);
      expect(await asks(user('ada'), { grants: [grant, () => true] })).toBe(true);
    }
  });
});

describe('permits() with asynchronous functions', () => {
  const away = new Error('database away');
  const yes = async () => true;
  const no = async () => false;
  const throws = (): boolean => {
    throw away;
  };
  const rejects = () => Promise.reject(away);
  // Queries of some database libraries are not promises, and run when they are awaited.
  // biome-ignore lint/suspicious/noThenProperty: that is what makes it a thenable
  const thenable = { then: (done: (answer: boolean) => void) => done(true) } as PromiseLike<boolean>;

  it.each<[string, readonly (string | GrantFunction)[], boolean]>([
    ['yes', [yes], true],
    ['no', [no], false],
    ['a query that runs when it is awaited', [() => thenable], true],
    ['one of several', [no, yes, no], true],
    ['one of two, while the other fails', [rejects, yes], true],
    ['one of two, while the other throws', [throws, yes], true],
    ['none of several', [no, no], false],
  ])('decides when the functions have answered: %s', async (_, grants, expected) => {
    const answer = asks(user('ada'), { grants });
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe(expected);
  });

  it.each<[string, readonly (string | GrantFunction)[]]>([
    ['a declarative grant', ['users', rejects]],
    ['a function that answers at once', [() => true, rejects]],
    ['a function behind one that fails later', [rejects, () => true]],
    ['a function behind one that throws', [throws, () => true]],
  ])('decides at once if another grant allows it: %s', (_, grants) => {
    expect(asks(user('ada'), { grants })).toBe(true);
  });

  it('does not call functions if a declarative grant allows it', () => {
    expect(asks(user('ada'), { grants: [throws, 'users'] })).toBe(true);
  });

  it.each<[string, readonly GrantFunction[]]>([
    ['one rejects', [rejects]],
    ['one rejects and others say no', [no, rejects, () => false]],
    ['one has thrown and others say no', [throws, no]],
  ])('fails with the cause if no grant allows it and %s', async (_, grants) => {
    await expect(async () => asks(user('ada'), { grants })).rejects.toMatchObject({ name: 'GrantFailed', cause: away });
  });

  it('fails at once if one function throws and the others are synchronous', () => {
    expect(() => asks(user('ada'), { grants: [() => false, throws] })).toThrow(GrantFailed);
  });

  it('calls no function if the token denies it', () => {
    const caps = { 'chat:*': ['!publish'] };
    expect(asks(user('ada', { caps }), { grants: [throws] })).toBe(false);
  });
});

describe('permits() with capabilities of the token', () => {
  it.each<[Caps, string, Verb, boolean]>([
    [{ 'chat:*': ['publish'] }, 'chat:a', 'publish', true],
    [{ 'chat:*': ['publish'] }, 'chat:a', 'subscribe', false],
    [{ 'chat:*': ['publish'] }, 'chat:a:b', 'publish', false],
    [{ 'chat:**': ['publish'] }, 'chat:a:b', 'publish', true],
    [{ 'chat:**': ['publish'] }, 'chat', 'publish', false],
    [{ 'chat:a': ['*'] }, 'chat:a', 'enter', true],
    [{ 'chat:a': ['*', 'manage'] }, 'chat:a', 'manage', true],
    ...NAMED_VERBS.flatMap((verb): [Caps, string, Verb, boolean][] => [
      [{ 'chat:a': ['*'] }, 'chat:a', verb, false],
      [{ 'chat:a': [verb] }, 'chat:a', verb, true],
      [{ 'chat:a': [verb], '**': ['!*'] }, 'chat:a', verb, false],
    ]),
    [{ 'chat:*': ['*', '!publish'] }, 'chat:a', 'publish', false],
    [{ 'chat:*': ['*', '!publish'] }, 'chat:a', 'history', true],
    [{ '**': ['!*'], 'chat:a': ['publish'] }, 'chat:a', 'publish', false],
    [{ 'chat:a': ['publish'], '**': ['!*'] }, 'chat:a', 'publish', false],
    [{ 'other:*': ['!publish'], 'chat:a': ['publish'] }, 'chat:a', 'publish', true],
  ])('%j on %s: %s is %s', (caps, channel, verb, expected) => {
    expect(asks(user('ada', { caps }), { pattern: '**', channel, verb })).toBe(expected);
  });

  it('denies over the grants of the rule', () => {
    expect(asks(user('ada', { caps: { 'chat:*': ['!publish'] } }), { grants: ['anyone'] })).toBe(false);
  });

  it('calls no function for trusted identities', () => {
    expect(asks({ ...ANONYMOUS, trusted: true })).toBe(true);
  });
});

describe('parseGrant', () => {
  const pattern = parsePattern('chat:{room}');

  it.each([
    ['owner:{user}', '"owner:{user}" uses {user}, but the pattern "chat:{room}" has {room}'],
    ['claim:rooms:{id}', '"claim:rooms:{id}" uses {id}, but the pattern "chat:{room}" has {room}'],
    ['everyone', '"everyone" is not a grant; grants are anyone, users, owner:{param}'],
    ['owner:room', '"owner:room" is not a grant'],
    ['claim:rooms', '"claim:rooms" is not a grant'],
    ['role:', '"role:" is not a grant'],
    ['', '"" is not a grant'],
  ])('refuses %j', (source, message) => {
    expect(() => parseGrant(source, pattern)).toThrow(message);
  });

  it('reports that a pattern has no params', () => {
    expect(() => parseGrant('owner:{room}', parsePattern('chat:a'))).toThrow('"chat:a" has no params');
  });

  it.each(['anyone', 'users', 'owner:{room}', 'claim:rooms:{room}', 'role:admin'])(
    'is undone by formatGrant: %s',
    (source) => {
      expect(formatGrant(parseGrant(source, pattern))).toBe(source);
    },
  );
});

const segment = fc.constantFrom('a', 'b', 'ab', 'x-1');
const channels = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(':'));
const patterns = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant('*')), { maxLength: 3 }), fc.oneof(segment, fc.constantFrom('*', '**')))
  .map(([parts, last]) => [...parts, last].join(':'));
const verbs = fc.constantFrom(...VERBS);
const words = fc.array(
  fc.oneof(
    verbs,
    verbs.map((verb) => `!${verb}`),
    fc.constantFrom('*', '!*'),
  ),
  { maxLength: 4 },
);
const capsOf = fc.dictionary(patterns, words, { maxKeys: 5 });

const everything = (() => {
  const grant = parseGrant('anyone', parsePattern('**'));
  return { allow: Object.fromEntries(VERBS.map((verb) => [verb, [grant]])) as Grants };
})();

const touches = (caps: Caps, channel: string, wanted: readonly string[]) =>
  Object.entries(caps).some(
    ([source, list]) =>
      matchPattern(parsePattern(source), channel) !== null && list.some((word) => wanted.includes(word)),
  );

describe('permits(), for arbitrary input', () => {
  it('denies by default: without a grant, permission needs a capability for the verb and the channel', () => {
    fc.assert(
      fc.property(capsOf, channels, verbs, (caps, channel, verb) => {
        const allowed = permits(user('ada', { caps }), verb, channel, { allow: {} }, {});
        const allowing = WILDCARD.includes(verb) ? [verb, '*'] : [verb];
        expect(allowed).toBe(touches(caps, channel, allowing) && !touches(caps, channel, [`!${verb}`, '!*']));
      }),
    );
  });

  it('lets a denial override every grant, in any order', () => {
    fc.assert(
      fc.property(capsOf, channels, verbs, (caps, channel, verb) => {
        const denied = touches(caps, channel, [`!${verb}`, '!*']);
        expect(permits(user('ada', { caps }), verb, channel, everything, {})).toBe(!denied);
      }),
    );
  });

  it('covers what matchPattern matches', () => {
    fc.assert(
      fc.property(patterns, channels, (source, channel) => {
        const pattern = parsePattern(source);
        expect(covers(pattern, channel)).toBe(matchPattern(pattern, channel) !== null);
      }),
    );
  });
});
