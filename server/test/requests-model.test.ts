import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestCluster } from './support/request-cluster.ts';
import type { LoopbackPeer } from './support/world.ts';

const SUM = 'sum:1';
const CONFIG = {
  channels: { 'sum:{id}': { allow: { request: 'users', respond: 'users' }, requests: { timeout: '1s' } } },
  limits: { requests: 4, operations: 0, connectionsPerUser: 0 },
} as const;

const RUNS = Number(process.env.SLUICE_MODEL_RUNS ?? 60);

type Action =
  | { readonly type: 'request' | 'cancel' | 'leave'; readonly who: number }
  | { readonly type: 'respond'; readonly who: number; readonly concurrency: number }
  | { readonly type: 'unrespond' | 'part' | 'reply' | 'fail' | 'lose'; readonly who: number }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'turn' };

const who = fc.nat(3);
const simple = (type: 'request' | 'cancel' | 'leave' | 'unrespond' | 'part' | 'reply' | 'fail' | 'lose') =>
  who.map((at) => ({ type, who: at }) as Action);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: simple('request') },
  { weight: 6, arbitrary: simple('reply') },
  { weight: 5, arbitrary: simple('part') },
  { weight: 2, arbitrary: simple('fail') },
  { weight: 2, arbitrary: simple('cancel') },
  { weight: 1, arbitrary: simple('leave') },
  { weight: 1, arbitrary: simple('lose') },
  { weight: 2, arbitrary: simple('unrespond') },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('respond' as const), who, concurrency: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(10, 400, 1_000, 6_000) }),
  },
  { weight: 8, arbitrary: fc.constant({ type: 'turn' as const }) },
);

/** The clients of a run: requesters and responders on both nodes, and what they have seen. */
class Run {
  readonly cluster: RequestCluster;
  readonly requesters: LoopbackPeer[] = [];
  readonly responders: LoopbackPeer[] = [];
  /** All clients, also those that have gone. */
  readonly everyone = new Set<LoopbackPeer>();
  readonly #asked = new Map<LoopbackPeer, number[]>();
  /** Requests to which a responder has sent its last reply. */
  readonly #replied = new Set<string>();
  readonly #gone = new Set<LoopbackPeer>();

  private constructor(cluster: RequestCluster) {
    this.cluster = cluster;
  }

  static async start(): Promise<Run> {
    const run = new Run(await RequestCluster.start(2, CONFIG));
    for (let at = 0; at < 4; at++) {
      run.requesters.push(await run.#connect(at));
      run.responders.push(await run.#connect(at));
    }
    return run;
  }

  async #connect(at: number): Promise<LoopbackPeer> {
    const peer = await this.cluster.connect(at % 2, `user${at}`);
    this.everyone.add(peer);
    return peer;
  }

  async act(action: Action): Promise<void> {
    if (action.type === 'turn') return this.cluster.idle();
    if (action.type === 'pass') return this.cluster.advance(action.ms);
    const requester = this.requesters[action.who] as LoopbackPeer;
    const responder = this.responders[action.who] as LoopbackPeer;
    switch (action.type) {
      case 'request':
        this.#askedBy(requester).push(...requester.client.send({ type: 'request', channel: SUM, data: 1 }));
        break;
      case 'cancel': {
        const request = this.#askedBy(requester).at(-1);
        if (request !== undefined) requester.client.send({ type: 'cancel', request });
        break;
      }
      case 'leave':
        this.#gone.add(requester);
        requester.socket.cut();
        this.requesters[action.who] = await this.#connect(action.who);
        break;
      case 'lose':
        this.#gone.add(responder);
        responder.socket.cut();
        this.responders[action.who] = await this.#connect(action.who);
        break;
      case 'respond':
        responder.client.send({ type: 'respond', channel: SUM, concurrency: action.concurrency });
        break;
      case 'unrespond':
        responder.client.send({ type: 'unrespond', channel: SUM });
        break;
      default:
        this.#reply(responder, action.type);
    }
  }

  #askedBy(requester: LoopbackPeer): number[] {
    const asked = this.#asked.get(requester) ?? [];
    this.#asked.set(requester, asked);
    return asked;
  }

  #reply(responder: LoopbackPeer, type: 'part' | 'reply' | 'fail'): void {
    const request = received(responder).find((one) => !this.#replied.has(one));
    if (request === undefined) return;
    if (type !== 'part') this.#replied.add(request);
    if (type === 'fail') responder.client.send({ type: 'reply', request, error: { code: 'no' } });
    else responder.client.send({ type: 'reply', request, data: request, ...(type === 'part' ? { more: true } : {}) });
  }

  /** Everything ends by itself in the end. */
  async finish(): Promise<void> {
    await this.cluster.idle();
    for (let at = 0; at < 3; at++) {
      this.cluster.advance(10_000);
      await this.cluster.idle();
    }
  }

  /** Each request has exactly one end, unless its requester has left. */
  checkEnds(): void {
    for (const [{ client }, asked] of this.#asked) {
      for (const id of asked) {
        const answers = client.received.filter((message) => 'id' in message && message.id === id);
        const isGone = [...this.#gone].some((peer) => peer.client === client);
        expect(answers.length, `answers to ${id}`).toBeLessThanOrEqual(1);
        if (!isGone) expect(answers.length, `answers to ${id}`).toBe(1);
      }
    }
  }

  /** No request reaches responders twice. */
  checkResponders(): void {
    const all = [...this.everyone].flatMap(({ client }) =>
      client.received.flatMap((message) => (message.type === 'requests' ? message.requests : [])),
    );
    expect(new Set(all.map(({ request }) => request)).size).toBe(all.length);
  }

  /** Nothing is left behind. */
  checkLeftovers(): void {
    for (const { services } of this.cluster.worlds) expect(services.requests.pending).toBe(0);
    for (const { services } of this.cluster.worlds) expect(services.requests.open).toBe(0);
  }
}

/** The requests that a responder has, and that have not ended as far as it knows. */
function received({ client }: LoopbackPeer): string[] {
  const open = new Set<string>();
  for (const message of client.received) {
    if (message.type === 'requests') for (const { request } of message.requests) open.add(request);
    if (message.type === 'cancelled') open.delete(message.request);
  }
  return [...open];
}

describe('requests on two nodes', () => {
  it('end exactly once, whatever happens', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60, size: 'max' }), async (actions) => {
        const run = await Run.start();
        for (const each of actions) await run.act(each);
        await run.finish();
        run.checkEnds();
        run.checkResponders();
        run.checkLeftovers();
        for (const world of run.cluster.worlds)
          for (const session of world.services.registry.all()) session.close('draining');
      }),
      { numRuns: RUNS },
    );
  });
});
