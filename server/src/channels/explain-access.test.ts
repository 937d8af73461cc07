import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Identity, PROGRAM, type Verb } from '../auth/identity.ts';
import { parseConfig } from '../config/schema.ts';
import { explainAccess } from './explain-access.ts';
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
