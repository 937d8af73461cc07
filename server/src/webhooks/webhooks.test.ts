import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus } from '../events.ts';
import type { HttpClient } from '../outgoing/http-client.ts';
import { ManualClock } from '../util/clock.ts';
import type { WebhookConfig } from '../webhook.ts';
import { Webhooks } from './webhooks.ts';

const CRM = {
  ...{ name: 'crm', url: 'http://crm.example', keys: [], timeout: 1_000, batch: 10, debounce: 0 },
  ...{ events: ['message.published'], channels: [], keep: { count: 10, age: 60_000 } },
} as unknown as WebhookConfig;

describe('webhooks', () => {
  it('name the nodes that did not hear of a change', async () => {
    const clock = new ManualClock();
    const engine = new MemoryEngine({ clock });
    engine.start({ deliver: () => {} } as never);
    engine.groups.start(() => {});
    const cluster = {
      answer: () => {},
      ask: () => Promise.resolve({ answers: [], missing: ['other'] }),
    } as unknown as Cluster;
    const webhooks = new Webhooks({
      ...{ webhooks: [CRM], log: engine, groups: engine.groups, cluster, clock },
      ...{ events: new EventBus(), client: {} as HttpClient },
    });
    expect(await webhooks.halt('crm', 'paused')).toMatchObject({ halt: 'paused', missing: ['other'] });
    expect(await webhooks.replay('crm', 0)).toEqual({ events: 0, missing: ['other'] });
  });
});
