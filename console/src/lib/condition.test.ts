import { describe, expect, it } from 'vitest';
import type { ListedBridge, ListedHook, WebhookStatus } from '../state/types.ts';
import { countsOf, isChannel } from './bridge-words.ts';
import { failuresOf, hookCondition } from './hook-words.ts';
import { conditionOf } from './webhook-words.ts';

const webhook = (fields: Partial<WebhookStatus>): WebhookStatus => ({
  ...{ name: 'crm', events: [], lag: 0, oldest: 0, halt: null, failures: 0, node: 'one' },
  ...fields,
});

describe('the condition of a webhook', () => {
  it.each<[string, Partial<WebhookStatus>, string]>([
    ['paused', { halt: 'paused', failures: 3 }, 'warn'],
    ['stopped', { halt: 'gone', failures: 1 }, 'bad'],
    ['failing', { failures: 2, lag: 9 }, 'bad'],
    ['sending', { lag: 9 }, 'flow'],
    ['up to date', {}, 'good'],
  ])('is "%s" with %j', (word, fields, tone) => {
    expect(conditionOf(webhook(fields))).toMatchObject({ word, tone });
  });

  it('is "no sender" if no node sends', () => {
    const { node: _, ...status } = webhook({});
    expect(conditionOf(status)).toMatchObject({ word: 'no sender', tone: 'warn' });
  });
});

const hook = (fields: Partial<ListedHook>): ListedHook => ({
  ...{ name: 'shop', on: ['publish'], channels: ['**'], onFailure: 'deny', state: 'ok', operations: {} },
  nodes: [
    { node: 'one', state: 'ok', failures: 0 },
    { node: 'two', state: fields.state ?? 'ok', failures: 3 },
  ],
  ...{ calls: 9, failed: 0, timedOut: 0, notSent: 0, cache: { hits: 0, fallbacks: 0 } },
  duration: { calls: 9, mean: 3, longest: 5 },
  ...fields,
});

describe('the condition of a hook', () => {
  it.each<[string, Partial<ListedHook>, string, RegExp]>([
    ['ok', {}, 'good', /^$/],
    ['ok', { calls: 0 }, 'good', /not asked yet/],
    ['failing', { state: 'failing' }, 'bad', /^3 calls in a row failed on two\. The gateway refuses .*deny/],
    ['paused', { state: 'paused', onFailure: 'allow' }, 'bad', /on two, so .*The gateway allows .*allow/],
    ['paused', { state: 'paused', nodes: [{ node: 'one', state: 'paused', failures: 5 }] }, 'bad', /in a row, so/],
  ])('is "%s" with %j', (word, fields, tone, text) => {
    const condition = hookCondition(hook(fields));
    expect(condition).toMatchObject({ word, tone });
    expect(condition.text).toMatch(text);
  });

  it.each<[string, Partial<ListedHook>]>([
    ['0', {}],
    ['2', { failed: 2 }],
    ['1,005 (3 too late, 2 not sent)', { failed: 1_005, timedOut: 3, notSent: 2 }],
  ])('says how calls failed: %s', (text, fields) => {
    expect(failuresOf(hook(fields))).toBe(text);
  });
});

describe('a bridge', () => {
  it('says what happened to its messages', () => {
    const counts: ListedBridge['counts'] = { published: 1_042, dead_lettered: 2 };
    expect(countsOf({ counts })).toBe('1,042 published, 2 dead letters');
    expect(countsOf({ counts: {} })).toBe('');
  });

  it('has a link to a channel, not to a template', () => {
    expect([isChannel('audit'), isChannel('orders:{key}')]).toEqual([true, false]);
  });
});
