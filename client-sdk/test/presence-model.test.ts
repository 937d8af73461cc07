import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { Member } from '../src/presence-api.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';
import { ModelPresence } from './support/model-presence.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A listener that applies the events to an empty set and checks each of them. */
class CheckedListener {
  readonly faults: string[] = [];
  readonly members = new Map<string, Member>();
  total: number | undefined;
  events = 0;
  readonly stop: () => void;
  stopped = false;

  constructor(client: Client, channel: string) {
    const { presence } = client.channel(channel);
    this.stop = presence.subscribe({
      join: (member) => this.#apply('join', member, false),
      update: (member, before) => {
        if (this.members.get(member.user) !== before) this.faults.push(`update of another ${member.user}`);
        if (JSON.stringify(member) === JSON.stringify(before)) this.faults.push(`update of ${member.user} to the same`);
        this.#apply('update', member, true);
      },
      leave: (member) => {
        this.#apply('leave', member, true);
        this.members.delete(member.user);
      },
      count: (total) => {
        if (total === this.total) this.faults.push(`the same count ${total}`);
        this.total = total;
      },
    });
  }

  #apply(what: string, member: Member, known: boolean): void {
    this.events++;
    if (this.stopped) this.faults.push(`${what} after the end`);
    if (this.members.has(member.user) !== known) this.faults.push(`${what} of ${member.user}`);
    this.members.set(member.user, member);
  }
}

const user = fc.constantFrom('ada', 'bob', 'cid', 'dan', 'eve');
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('enter' as const), user, state: fc.integer({ min: 0, max: 2 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), user }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      chunk: fc.integer({ min: 1, max: 3 }),
      cut: fc.nat(1),
      early: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('slow' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('toggle' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), restart: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('listen' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), which: fc.nat(4) }) },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly gateway = new FakeGateway();
  readonly model = new ModelPresence();
  readonly client = this.gateway.client();
  readonly listeners: CheckedListener[] = [];
  readonly errors: string[] = [];

  async start(): Promise<void> {
    this.client.on('error', (error) => this.errors.push(error.message));
    this.listen();
    await turn();
    await this.gateway.socket.accept({ heartbeat: 1e9 });
    this.model.enter('ada', 0);
    this.model.enter('bob', 0);
    this.model.answer(this.gateway.socket);
  }

  listen(): void {
    this.listeners.push(new CheckedListener(this.client, this.model.channel));
  }

  async run(step: Action): Promise<void> {
    const { model, listeners } = this;
    const { socket } = this.gateway;
    if (step.do === 'enter') model.enter(step.user, step.state);
    if (step.do === 'leave') model.leave(step.user);
    if (step.do === 'send') model.send(socket, step);
    if (step.do === 'answer') model.answer(socket);
    if (step.do === 'slow') model.slow();
    if (step.do === 'toggle') model.toggle();
    if (step.do === 'drop') await this.#reconnect(step.restart);
    if (step.do === 'listen') this.listen();
    const listener = step.do === 'stop' ? listeners[step.which] : undefined;
    if (listener) {
      listener.stop();
      listener.stopped = true;
    }
    await turn();
  }

  async settle(): Promise<void> {
    this.listen();
    for (let round = 0; round < 5; round++) {
      this.model.answer(this.gateway.socket);
      await turn();
      this.model.send(this.gateway.socket);
      await turn();
    }
  }

  async #reconnect(restart: boolean): Promise<void> {
    await pass(5000); // the connection has lasted, so the backoff is reset
    this.gateway.socket.drop();
    this.model.begin();
    if (restart) this.model.restart();
    await pass(500);
    await this.gateway.socket.accept({ heartbeat: 1e9 });
  }
}

it("has the gateway's members after any sequence of pushes, and the events match", async () => {
  let events = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), async (steps) => {
      const world = new World();
      const { presence } = world.client.channel(world.model.channel);
      await world.start();
      for (const step of steps) await world.run(step);
      await world.settle();
      const { model, listeners } = world;
      const expected = [...model.members.values()].sort((a, b) => (a.user < b.user ? -1 : 1));
      expect(world.errors).toEqual([]);
      expect([presence.members.total, presence.counting]).toEqual([expected.length, model.counting]);
      expect(presence.members.list).toEqual(model.counting ? [] : expected);
      for (const listener of listeners) {
        events += listener.events;
        expect(listener.faults).toEqual([]);
        if (listener.stopped) continue;
        expect(listener.total).toBe(expected.length);
        if (!model.counting) expect(new Map(listener.members)).toEqual(model.members);
      }
      world.client.close();
    }),
    { numRuns: 300 },
  );
  expect(events).toBeGreaterThan(2000);
});
