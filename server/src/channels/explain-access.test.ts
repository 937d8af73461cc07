import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Identity, PROGRAM, type Verb } from '../auth/identity.ts';
import { parseConfig } from '../config/schema.ts';
import { explainAccess, explainIn, patternFault } from './explain-access.ts';
import { Rules } from './rules.ts';

const rules = new Rules(
  parseConfig({
    anonymous: true,
    channels: {
      tickets: { allow: { '*': 'users' }, history: true, only: { event: 'opened', tags: { team: 'claim:teams' } } },
      plain: { allow: { '*': 'users' }, history: true },
    },
  }).channels,
);

const ask = (channel: string, verb: Verb, identity: Partial<Identity> = {}) =>
  explainAccess({ channel, verb, identity: { ...ANONYMOUS, user: 'ada', ...identity }, match: rules.match(channel) });

describe('explainAccess', () => {
  it('says which messages the rule lets a user receive', async () => {
    const explanation = await ask('tickets', 'subscribe', { claims: { teams: ['red', 'blue'] } });
    expect(explanation).toMatchObject({
      allowed: true,
      only: { claimed: [{ name: 'tag "team"', values: ['red', 'blue'] }], fixed: true },
    });
    expect(explanation.message).toContain(
      'of its messages, only those whose tag "team" is "red" or "blue" and that fulfil the conditions of "only" in the rule are received',
    );
  });

  it('denies if the token lacks the claim, as a subscription does', async () => {
    expect(await ask('tickets', 'history')).toMatchObject({
      allowed: false,
      reason: { kind: 'only' },
      message: expect.stringContaining('the token has no such claim'),
      remedy: 'Issue tokens with the claim, or change "only" of the rule "tickets".',
    });
  });

  it.each<[string, string, Verb, Partial<Identity>]>([
    ['another verb', 'tickets', 'publish', {}],
    ['a rule without a filter', 'plain', 'subscribe', {}],
    ['a backend', 'tickets', 'subscribe', PROGRAM],
    ['what is denied anyway', 'tickets', 'subscribe', { user: null }],
    ['a channel without a rule', 'nowhere', 'subscribe', {}],
  ])('says nothing more about %s', async (_, channel, verb, identity) => {
    const explanation = await ask(channel, verb, identity);
    expect(explanation).not.toHaveProperty('only');
    expect(explanation.reason.kind).not.toBe('only');
  });
});

describe('a pattern', () => {
  const bound = new Rules(
    parseConfig({
      anonymous: true,
      channels: {
        'orders:{id}': { allow: { subscribe: 'owner:{id}' } },
        'orders:test:{id}': { allow: { subscribe: 'anyone' } },
        'invoices:{id}': { allow: { subscribe: 'users' } },
        'all-orders': { allow: { subscribe: 'role:support' }, bind: ['orders:**'], history: true },
        'plain-orders': {
          ...{ allow: { subscribe: 'users' }, bind: ['orders:*'], history: true },
          only: { tags: { team: 'claim:teams' } },
        },
      },
    }).channels,
  );
  const askFor = (channel: string, identity: Partial<Identity> = {}) =>
    explainIn(bound, { channel, verb: 'subscribe', identity: { ...ANONYMOUS, user: 'ada', ...identity } });

  it('is decided on the most specific bound channel that permits it, as a subscription is', async () => {
    const teams = { teams: ['red'] };
    expect(await askFor('orders:*', { claims: { ...teams, role: 'support' } })).toMatchObject({
      ...{ allowed: true, channel: 'orders:*', bound: 'plain-orders', rule: 'plain-orders', spans: ['orders:{id}'] },
      ...{ reason: { kind: 'grant', grant: 'users' }, only: { claimed: [{ values: ['red'] }] } },
      message: expect.stringContaining('"plain-orders" has all messages of "orders:*": user "ada" may subscribe'),
    });
    expect(await askFor('orders:*', { user: null, claims: { role: 'support' } })).toMatchObject({
      ...{ allowed: true, bound: 'all-orders', reason: { kind: 'grant', grant: 'role:support' } },
    });
    expect(await askFor('orders:*')).toMatchObject({ allowed: false, bound: 'plain-orders', reason: { kind: 'only' } });
  });

  it('spans the rules of its channels, without those that only bind others', async () => {
    expect(await askFor('orders:**', { claims: { role: 'support' } })).toMatchObject({
      ...{ allowed: true, bound: 'all-orders', spans: ['orders:test:{id}', 'orders:{id}'] },
    });
  });

  it('is denied if no bound channel permits it, with the reason of the most specific one', async () => {
    expect(await askFor('orders:**')).toMatchObject({
      ...{ allowed: false, bound: 'all-orders', reason: { kind: 'no_grant', grants: ['role:support'] } },
    });
  });

  it('is denied if no channel has all its messages', async () => {
    expect(await askFor('*:*', { trusted: true })).toMatchObject({
      ...{ allowed: false, bound: null, rule: null, reason: { kind: 'no_binding' } },
      spans: ['orders:{id}', 'invoices:{id}'],
      remedy: 'Add bind: ["*:*"] to the rule of a channel that allows "subscribe".',
    });
    expect((await askFor('nothing:*')).spans).toEqual([]);
  });

  it.each<[Verb, string, string | null]>([
    ['subscribe', 'orders:one', null],
    ['publish', 'orders:one', null],
    ['subscribe', 'orders:**', null],
    ['publish', 'orders:*', 'only "subscribe" accepts'],
    ['subscribe', 'orders:*:{id}', '{param} is for rules only'],
    ['subscribe', '**:orders', '"**" may only be the last segment'],
  ])('asked about by %s on %s is checked', (verb, channel, fault) => {
    if (fault === null) expect(patternFault(verb, channel)).toBeNull();
    else expect(patternFault(verb, channel)).toContain(fault);
  });
});
