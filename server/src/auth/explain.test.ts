import { matchPattern } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/schema.ts';
import { permits } from './acl.ts';
import { explain, type GoverningRule } from './explain.ts';
import { ANONYMOUS, type Identity, PROGRAM, parseCapabilities, type Verb } from './identity.ts';

const { channels } = parseConfig({
  anonymous: true,
  channels: {
    'chat:{room}': { allow: { subscribe: 'users', publish: ['role:writer', 'claim:rooms:{room}'], enter: () => true } },
    'user:{id}': { allow: { subscribe: 'owner:{id}' } },
    'broken:{id}': {
      allow: {
        subscribe: () => {
          throw new Error('no database');
        },
      },
    },
    'open:{id}': { allow: { '*': 'anyone' } },
  },
});

function matchOf(channel: string): GoverningRule | null {
  for (const rule of channels) {
    const params = matchPattern(rule.pattern, channel);
    if (params !== null) return { rule, params };
  }
  return null;
}

interface Claims {
  readonly sub?: string;
  readonly caps?: Record<string, string[]>;
  readonly [claim: string]: unknown;
}

function identityOf({ sub, caps, ...claims }: Claims): Identity {
  const capabilities = parseCapabilities(caps);
  if (typeof capabilities === 'string') throw new Error(capabilities);
  return { user: sub ?? null, claims, capabilities };
}

const ask = (identity: Identity, verb: Verb, channel: string) =>
  explain({ identity, verb, channel, match: matchOf(channel) });

describe('an explanation', () => {
  it.each<[Claims, Verb, string, boolean, string]>([
    [
      { sub: 'ada' },
      'subscribe',
      'chat:a',
      true,
      'user "ada" may subscribe to "chat:a": the rule "chat:{room}" grants "subscribe" to users',
    ],
    [
      {},
      'subscribe',
      'chat:a',
      false,
      'an anonymous connection may not subscribe to "chat:a": the rule "chat:{room}" grants "subscribe" to users, and none of these applies',
    ],
    [
      { sub: 'ada', rooms: ['a'] },
      'publish',
      'chat:a',
      true,
      'user "ada" may publish to "chat:a": the rule "chat:{room}" grants "publish" to claim:rooms:{room}',
    ],
    [
      { sub: 'ada' },
      'publish',
      'chat:a',
      false,
      'user "ada" may not publish to "chat:a": the rule "chat:{room}" grants "publish" to role:writer, claim:rooms:{room}, and none of these applies',
    ],
    [
      { sub: 'ada' },
      'enter',
      'chat:a',
      true,
      'user "ada" may enter "chat:a": the rule "chat:{room}" grants "enter" to (a function)',
    ],
    [
      { sub: 'ada' },
      'history',
      'chat:a',
      false,
      'user "ada" may not read the history of "chat:a": the rule "chat:{room}" grants "history" to nobody',
    ],
    [
      { sub: 'ada', caps: { 'chat:*': ['history'] } },
      'history',
      'chat:a',
      true,
      'user "ada" may read the history of "chat:a": the capability "chat:*" of the token permits it',
    ],
    [
      { sub: 'ada', caps: { 'chat:a': ['!subscribe'] } },
      'subscribe',
      'chat:a',
      false,
      'user "ada" may not subscribe to "chat:a": the capability "chat:a" of the token denies it, whatever the rule permits',
    ],
    [
      { sub: 'ada' },
      'subscribe',
      'nothing',
      false,
      'user "ada" may not subscribe to "nothing": no rule matches the channel, so it does not exist',
    ],
    [
      { sub: 'ada' },
      'subscribe',
      'broken:1',
      false,
      'user "ada" may not subscribe to "broken:1": a grant function of the rule "broken:{id}" failed',
    ],
  ])('of %j, %s on %s', async (claims, verb, channel, allowed, message) => {
    const explanation = await ask(identityOf(claims), verb, channel);
    expect(explanation).toMatchObject({ allowed, verb, channel, message });
    expect(explanation.remedy).toMatch(/\.$/);
  });

  it('of those to whom rules do not apply', async () => {
    expect((await ask(PROGRAM, 'publish', 'chat:a')).reason).toEqual({ kind: 'trusted' });
    expect((await ask(PROGRAM, 'publish', 'nothing')).reason).toEqual({ kind: 'no_rule' });
  });

  it('names what decided', async () => {
    expect(await ask(ANONYMOUS, 'subscribe', 'open:1')).toMatchObject({
      rule: 'open:{id}',
      reason: { kind: 'grant', grant: 'anyone' },
    });
  });

  it.each<[Verb, Identity, string]>([
    ['enter', ANONYMOUS, 'no_user'],
    ['subscribe', { ...ANONYMOUS, user: 'ada', added: { channels: new Set(['user:bob']) } }, 'backend'],
  ])('of %s has a reason of its own where the rule does not decide', async (verb, identity, kind) => {
    const explanation = await ask(identity, verb, verb === 'enter' ? 'open:1' : 'user:bob');
    expect(explanation).toMatchObject({ allowed: kind === 'backend', reason: { kind } });
    expect(explanation.message).not.toMatch(/grants "\w+" to $/);
  });

  it('agrees with the decision', async () => {
    const verb = fc.constantFrom<Verb>('subscribe', 'publish', 'history', 'enter');
    const caps = fc.dictionary(
      fc.constantFrom('chat:*', '**', 'user:ada', 'chat:a'),
      fc.array(fc.constantFrom('*', 'subscribe', 'publish', '!subscribe', '!publish', 'history'), { maxLength: 3 }),
      { maxKeys: 3 },
    );
    const claims = fc.record(
      {
        sub: fc.constantFrom('ada', 'bob'),
        caps,
        role: fc.constantFrom('writer', 'reader'),
        rooms: fc.constantFrom(['a'], ['b'], 'a'),
      },
      { requiredKeys: [] },
    );
    const channel = fc.constantFrom('chat:a', 'chat:b', 'user:ada', 'user:bob', 'open:1', 'nothing');
    await fc.assert(
      fc.asyncProperty(claims, verb, channel, async (claims, verb, channel) => {
        const identity = identityOf(claims);
        const match = matchOf(channel);
        const permitted = match !== null && (await permits(identity, verb, channel, match.rule, match.params));
        const expected = permitted && !(verb === 'enter' && identity.user === null); // members are users
        const { allowed, reason } = await ask(identity, verb, channel);
        expect(allowed).toBe(expected);
        if (reason.kind === 'grant') expect(reason.grant).not.toBe('');
      }),
    );
  });
});
