import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../engine/engine.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus } from '../events.ts';
import type { HttpCall, HttpClient } from '../outgoing/http-client.ts';
import { ManualClock } from '../util/clock.ts';
import type { WebhookConfig } from '../webhook.ts';
import { Control } from './control.ts';
import { EventLog } from './event-log.ts';
import { Sender } from './sender.ts';
import { SenderLease } from './sender-lease.ts';

const CONFIG = { name: 'crm', url: 'http://crm.example', keys: [], timeout: 10_000, batch: 100 } as const;

/** Everything that reaches an object fails, once the node has crashed. */
function whileAlive<T extends object>(target: T, isAlive: () => boolean): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) => {
        if (!isAlive()) return Promise.reject(new EngineUnavailable('crashed'));
        return (value as (...all: unknown[]) => unknown).apply(target, parameters);
      };
    },
  });
}

/** Two nodes with one engine. */
class Nodes {
  readonly clock = new ManualClock();
  readonly engine = new MemoryEngine({ clock: this.clock });
  readonly #keep: WebhookConfig['keep'];

  constructor(keep: WebhookConfig['keep'] = { count: 1_000, age: 86_400_000 }) {
    this.#keep = keep;
    this.engine.start({ deliver: () => {} } as never);
    this.engine.groups.start(() => {});
  }

  /** @param answers does the endpoint answer this node's requests? */
  add({ answers }: { readonly answers: boolean }) {
    const { clock } = this;
    let isAlive = true;
    const config = { ...CONFIG, keep: this.#keep } as unknown as WebhookConfig;
    const groups = whileAlive(this.engine.groups, () => isAlive);
    const log = whileAlive(this.engine as MemoryEngine, () => isAlive);
    const sent: unknown[] = [];
    const client = {
      post: ({ body }: HttpCall) => {
        const events = JSON.parse(body) as { type: string; data: unknown }[];
        sent.push(...events.map(({ type, data }) => (type === 'webhook.gap' ? type : data)));
        return answers ? Promise.resolve({ status: 204, body: '' }) : new Promise<never>(() => {});
      },
    } as unknown as HttpClient;
    const events = new EventLog({ config, log, groups, now: () => clock.now() });
    const lease = new SenderLease({ name: 'crm', log, groups, clock });
    const control = new Control(log, 'crm', () => clock.now());
    const sender = new Sender({ config, log: events, lease, control, client, events: new EventBus(), clock });
    const append = (...all: number[]) =>
      Promise.all(all.map(async (data) => events.append({ type: 'webhook.test', data })));
    const crash = () => {
      isAlive = false;
    };
    return { sender, sent, append, crash };
  }

  /** Lets time pass in small steps. */
  async pass(duration: number): Promise<void> {
    for (let passed = 0; passed < duration; passed += 50) {
      this.clock.advance(50);
      for (let turn = 0; turn < 3; turn++) await nextTurn();
    }
  }
}

describe('the sender of another node', () => {
  it('continues with the events that a crashed one had taken, before newer ones', async () => {
    const nodes = new Nodes();
    const [first, second] = [nodes.add({ answers: false }), nodes.add({ answers: true })];
    first.sender.start();
    await nodes.pass(4_900);
    await first.append(1, 2, 3);
    first.sender.stored();
    await nodes.pass(50);
    expect(first.sent).toEqual([1, 2, 3]);
    first.crash();
    await second.append(4, 5);
    await nodes.pass(1_000); // so that it asks for the lease after that has expired, and before the events have
    second.sender.start();
    await nodes.pass(25_000);
    expect(second.sent).toEqual([1, 2, 3, 4, 5]);
  });

  it('reports what the log has lost of them', async () => {
    const nodes = new Nodes({ count: 3, age: 86_400_000 });
    const [first, second] = [nodes.add({ answers: false }), nodes.add({ answers: true })];
    first.sender.start();
    await nodes.pass(4_900);
    await first.append(1, 2);
    first.sender.stored();
    await nodes.pass(50);
    first.crash();
    await second.append(3, 4, 5);
    await nodes.pass(1_000); // so that it asks for the lease after that has expired, and before the events have
    second.sender.start();
    await nodes.pass(25_000);
    expect(second.sent).toEqual(['webhook.gap', 3, 4, 5]);
  });
});
