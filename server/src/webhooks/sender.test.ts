import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../engine/engine.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { EventBus } from '../events.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
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

  /** @param answers does the endpoint answer this node's requests, or how does it answer them? */
  add({ answers }: { readonly answers: boolean | (() => Promise<unknown>) }) {
    const { clock } = this;
    let isAlive = true;
    const config = { ...CONFIG, keep: this.#keep } as unknown as WebhookConfig;
    const groups = whileAlive(this.engine.groups, () => isAlive);
    const log = whileAlive(this.engine as MemoryEngine, () => isAlive);
    const sent: unknown[] = [];
    /** In seconds. */
    const times: number[] = [];
    const requests: { readonly id: string | undefined; readonly body: string }[] = [];
    const client = {
      post: ({ headers, body }: HttpCall) => {
        requests.push({ id: headers['webhook-id'], body: String(body) });
        const events = JSON.parse(body) as { type: string; data: unknown }[];
        sent.push(...events.map(({ type, data }) => (type === 'webhook.gap' ? type : data)));
        times.push(Math.round(clock.monotonic() / 1_000));
        if (typeof answers === 'function') return answers();
        return answers ? Promise.resolve({ status: 204, body: '' }) : new Promise<never>(() => {});
      },
    } as unknown as HttpClient;
    const events = new EventLog({ config, log, groups, now: () => clock.now() });
    const lease = new SenderLease({ name: 'crm', log, groups, clock });
    const control = new Control(log, 'crm', () => clock.now());
    const parts = { config, log: events, lease, control, client, events: new EventBus(), clock };
    const sender = new Sender({ ...parts, random: () => 0.5 });
    const append = (...all: number[]) =>
      Promise.all(all.map(async (data) => events.append({ type: 'webhook.test', data })));
    const crash = () => {
      isAlive = false;
    };
    return { sender, sent, times, requests, append, crash, control, log: events };
  }

  /** Lets time pass in small steps. */
  async pass(duration: number, step = 50): Promise<void> {
    for (let passed = 0; passed < duration; passed += step) {
      this.clock.advance(step);
      for (let turn = 0; turn < 3; turn++) await nextTurn();
    }
  }
}

describe('a request that a halt has ended', () => {
  it.each([
    ['410', 410, null],
    ['a pause', 500, 'paused'],
  ] as const)('is repeated as it was after %s, before newer events', async (_, status, halt) => {
    const nodes = new Nodes();
    let isWanted = false;
    const answer = async () => {
      if (isWanted) return { status: 204, body: '' };
      throw new CallFailed('status', 'no', { status });
    };
    const { sender, append, control, requests, sent } = nodes.add({ answers: answer });
    sender.start();
    await append(1, 2);
    sender.stored();
    await nodes.pass(50);
    if (halt !== null) await control.write(halt);
    await sender.changed();
    await nodes.pass(5_000);
    const before = requests.length;
    await append(3);
    isWanted = true;
    await control.write(null);
    await sender.changed();
    await nodes.pass(5_000);
    expect(requests[before]).toEqual(requests[0]);
    expect(sent.slice(-3)).toEqual([1, 2, 3]);
    expect(requests).toHaveLength(before + 2);
    await sender.close();
  });
});

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

/** An endpoint that answers as `answer` says at the moment. */
function changing(answer: () => CallFailed | null) {
  return () => {
    const failed = answer();
    return failed === null ? Promise.resolve({ status: 204, body: '' }) : Promise.reject(failed);
  };
}

const failed = (retryAfter?: number) => new CallFailed('status', 'answered with 500', { status: 500, retryAfter });
const fails = changing(() => failed());

/** The times between requests, in seconds. */
const pauses = (times: readonly number[]): number[] => times.slice(1).map((time, at) => time - (times[at] ?? 0));

describe('an endpoint that fails', () => {
  it('is tried again after twice the time, at most after five minutes', async () => {
    const nodes = new Nodes();
    const { sender, times, append } = nodes.add({ answers: fails });
    sender.start();
    await append(1);
    await nodes.pass(1_200_000, 100);
    expect(pauses(times)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  });

  it('is tried again when it says, at most after an hour', async () => {
    const nodes = new Nodes();
    const { sender, times, append } = nodes.add({ answers: changing(() => failed(86_400_000)) });
    sender.start();
    await append(1);
    await nodes.pass(3_700_000, 1_000);
    expect(pauses(times)).toEqual([3_600]);
  });

  it('is not tried earlier because events come', async () => {
    const nodes = new Nodes();
    const { sender, times, append } = nodes.add({ answers: fails });
    sender.start();
    await append(1);
    await nodes.pass(8_000);
    const { length } = times;
    await append(2);
    sender.stored();
    await nodes.pass(5_000);
    expect(times).toHaveLength(length);
  });

  it('is tried soon again if it has received something before', async () => {
    const nodes = new Nodes();
    let isAway = true;
    const { sender, times, append } = nodes.add({ answers: changing(() => (isAway ? failed() : null)) });
    sender.start();
    await append(1);
    await nodes.pass(8_000);
    isAway = false;
    await nodes.pass(20_000);
    isAway = true;
    const { length } = times;
    await append(2);
    sender.stored();
    await nodes.pass(1_500);
    expect(times).toHaveLength(length + 2);
  });

  it('receives what it was sent for long, once', async () => {
    const nodes = new Nodes();
    let isAway = true;
    const { sender, sent, append } = nodes.add({ answers: changing(() => (isAway ? failed() : null)) });
    sender.start();
    await append(1, 2);
    await nodes.pass(40_000);
    isAway = false;
    const { length } = sent;
    await nodes.pass(100_000);
    expect(sent.slice(length)).toEqual([1, 2]);
  });

  it('receives what an operator has moved it to', async () => {
    const nodes = new Nodes();
    let isAway = false;
    const { sender, sent, append, log } = nodes.add({ answers: changing(() => (isAway ? failed() : null)) });
    sender.start();
    await append(1, 2);
    await nodes.pass(1_000);
    isAway = true;
    await append(3);
    await nodes.pass(1_500);
    const { length } = sent;
    isAway = false;
    await log.replay(0);
    await sender.changed();
    await nodes.pass(100);
    expect(sent.slice(length)).toEqual([1, 2, 3]);
  });

  it('receives the next request at once, in order, if an operator resumes it', async () => {
    const nodes = new Nodes();
    let isAway = true;
    const { sender, sent, append } = nodes.add({ answers: changing(() => (isAway ? failed() : null)) });
    sender.start();
    await append(1);
    await nodes.pass(8_000);
    isAway = false;
    await append(2);
    const { length } = sent;
    await sender.changed();
    await nodes.pass(100);
    expect(sent.slice(length)).toEqual([1, 2]);
  });
});

describe('a sender', () => {
  it('sends nothing to a paused endpoint, also if it has started since', async () => {
    const nodes = new Nodes();
    const { sender, sent, append, control } = nodes.add({ answers: true });
    await control.write('paused');
    await append(1);
    sender.start();
    await nodes.pass(20_000);
    expect(sent).toEqual([]);
    await control.write(null);
    await sender.changed();
    await nodes.pass(100);
    expect(sent).toEqual([1]);
  });

  it('sends nothing more when its lease has expired, because it does not reach the engine', async () => {
    const nodes = new Nodes();
    const { sender, times, append, crash } = nodes.add({ answers: changing(() => failed(1_000)) });
    sender.start();
    await append(1);
    await nodes.pass(3_000);
    crash();
    await nodes.pass(15_000);
    const { length } = times;
    expect(length).toBeGreaterThan(10);
    await nodes.pass(30_000);
    expect(times).toHaveLength(length);
  });

  it('stops at once, and another node sends at once', async () => {
    const nodes = new Nodes();
    const [first, second] = [nodes.add({ answers: true }), nodes.add({ answers: true })];
    first.sender.start();
    await first.append(1);
    await nodes.pass(1_000);
    await first.sender.close();
    second.sender.start();
    await second.append(2);
    await nodes.pass(100);
    expect([first.sent, second.sent]).toEqual([[1], [2]]);
  });
});
