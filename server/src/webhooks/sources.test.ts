import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../auth/identity.ts';
import { Publication, type PublishRequest } from '../channels/publication.ts';
import type { PresenceStore } from '../engine/presence.ts';
import { EventBus } from '../events.ts';
import type { Rule } from '../rule.ts';
import { WebhookSources } from './sources.ts';
import type { WebhookEvent } from './webhook-event.ts';
import type { Webhooks } from './webhooks.ts';

const DAY = 86_400_000;
/** As many groups as `WebhookSources` remembers. */
const MOST_GROUPS = 10_000;

/** Sources for one endpoint that wants everything. */
function start() {
  const recorded: WebhookEvent[] = [];
  const record = (event: WebhookEvent) => void recorded.push(event);
  const endpoint = { config: { debounce: 0 }, wantsMessage: () => true, record };
  const webhooks = { wants: () => true, record, endpoints: [endpoint] } as unknown as Webhooks;
  const store = { enter: () => {}, leave: () => {} } as unknown as PresenceStore;
  const events = new EventBus();
  return {
    sources: new WebhookSources({ webhooks, events, store, run: 'r', clients: () => [], recordOf: () => undefined }),
    events,
    recorded,
  };
}

describe('dead letters', () => {
  it('are reported when their number grows, not when they are removed', () => {
    const { events, recorded } = start();
    for (const dead of [1, 3, 2, 0, 1]) events.emit('groupDead', { channel: 'jobs:a', group: 'queue', dead });
    expect(recorded.map(({ data }) => (data as { dead: number }).dead)).toEqual([1, 3, 1]);
  });

  it('are remembered of a limited number of groups: the one that changed longest ago is reported again', () => {
    const { events, recorded } = start();
    const report = (group: number) => events.emit('groupDead', { channel: 'jobs:a', group: `g${group}`, dead: 1 });
    for (let group = 0; group < MOST_GROUPS; group++) report(group);
    report(0); // now group 1 changed longest ago
    expect(recorded.length).toBe(MOST_GROUPS);
    report(MOST_GROUPS);
    recorded.length = 0;
    report(0);
    report(1);
    expect(recorded).toMatchObject([{ data: { group: 'g1' } }]);
  });
});

describe('a connection', () => {
  const close = { connection: 'c1', user: null, code: 1000, reason: '', duration: 5 };

  it('that was never accepted is not reported', () => {
    const { events, recorded } = start();
    events.emit('connectionClosed', close as never);
    expect(recorded).toEqual([]);
  });

  it('is reported when it was accepted and when it closes, once', () => {
    const { events, recorded } = start();
    events.emit('authenticated', { connection: 'c1', user: 'ada' } as never);
    for (let at = 0; at < 2; at++) events.emit('connectionClosed', { ...close, user: 'ada' } as never);
    expect(recorded.map(({ type, subject }) => [type, subject])).toEqual([
      ['connection.opened', 'ada'],
      ['connection.closed', 'ada'],
    ]);
  });
});

describe('a published message', () => {
  it.each<[string, Partial<PublishRequest>, number]>([
    ['the rule remembers keys', {}, 60_000],
    ['the publish says', { dedupe: 5_000 }, 5_000],
    ['a bridge may publish it again', { source: { name: 's', partition: '0', position: '1' } }, DAY],
  ])('is reported once for as long as %s', (_, request, window) => {
    const { sources, recorded } = start();
    const publication = new Publication({
      ...{ channel: 'chat:1', draft: { data: 1 }, by: PROGRAM, allowance: null },
      ...request,
    });
    publication.rule = { dedupe: 60_000 } as Rule;
    publication.appended = {
      ...{ stored: { id: 'm1', epoch: 'e', offset: 1 }, number: 1 },
      entry: { id: 'm1', time: 1, data: 1 },
    };
    sources.published(publication, {} as never);
    expect(recorded).toMatchObject([{ type: 'message.published', key: 'message chat:1 m1', window, renews: true }]);
  });
});
