import { describe, expect, it } from 'vitest';
import type { ListedBridge, WebhookStatus } from '../state/types.ts';
import { countsOf, isChannel } from './bridge-words.ts';
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
