import type { EventBus } from '../events.ts';
import type { Refusal } from '../refusal.ts';
import { ChurningMap } from '../util/churning-map.ts';
import type { Clock } from '../util/clock.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import type { Ask } from './ask.ts';
import { OpenRequest, type ReplySink, type RequestHandler } from './open-request.ts';
import type { LocalResponders, Peers } from './peers.ts';
import { PendingRequest, type Requester } from './pending-request.ts';
import { outcomeOf } from './request-end.ts';
import { noResponders, ResponderPool } from './responder-pool.ts';

export interface RequestsParts {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly nextId: () => string;
  /** The other nodes; undefined if the engine does not connect nodes. */
  readonly peers: Peers | undefined;
  /** The hooks that answer requests of a rule, by their names. Absent: there are none. */
  readonly hookResponder?: (hook: string) => RequestHandler | undefined;
}

/**
 * Requests and their responders. SPEC.md section 11.
 *
 * A request has two halves: a `PendingRequest` on the node of its requester and an `OpenRequest` on
 * the node of its responder. On one node they are connected directly, otherwise by `Peers`.
 */
export class Requests implements LocalResponders {
  readonly #parts: RequestsParts;
  readonly #pools = new Map<string, ResponderPool>();
  readonly #open = new ChurningMap<string, OpenRequest>();
  #pending = 0;
  #isDraining = false;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    parts.peers?.serve(this);
  }

  /** Connects it with the other nodes. Call it before anything else. */
  async start(): Promise<void> {
    await this.#parts.peers?.start();
  }

  async close(): Promise<void> {
    await this.#parts.peers?.close();
  }

  /** Requests of this node that have not ended. */
  get pending(): number {
    return this.#pending;
  }

  /** Requests that responders of this node have, or that wait for one. */
  get open(): number {
    return this.#open.size;
  }

  /** Registrations of responders on this node. */
  get responders(): number {
    let count = 0;
    for (const { size } of this.#pools.values()) count += size;
    return count;
  }

  /** The open request with this id, if this handler has it. */
  find(id: string): OpenRequest | undefined {
    return this.#open.get(id);
  }

  /** Sends a request. The requester is notified of its end, perhaps before this returns. */
  request(ask: Ask, requester: Requester): PendingRequest {
    const { clock, events } = this.#parts;
    const start = clock.monotonic();
    this.#pending++;
    const pending = new PendingRequest({
      requester,
      channel: ask.channel,
      timeout: ask.timeout,
      clock,
      onEnd: (end) => {
        this.#pending--;
        const outcome = end === null ? 'abandoned' : outcomeOf(end);
        events.emit('requested', { rule: ask.match.rule.pattern.source, outcome, duration: clock.monotonic() - start });
      },
    });
    this.#route(ask, pending);
    return pending;
  }

  #route(ask: Ask, pending: PendingRequest): void {
    const { peers } = this.#parts;
    const { respond } = ask.match.rule;
    if (respond !== undefined) this.#answerByHook(ask, pending, respond);
    else if (peers === undefined) this.#answerHere(ask, pending);
    else peers.route(ask, pending);
  }

  /** A backend answers over HTTP: each node asks it for its own requesters. */
  #answerByHook(ask: Ask, pending: PendingRequest, hook: string): void {
    const handler = this.#parts.hookResponder?.(hook);
    if (handler === undefined) {
      pending.end(noResponders(ask.channel));
      return;
    }
    const request = this.#createOpen(ask, pending);
    pending.assigned((reason) => request.cancel(reason));
    request.handler = handler;
    request.leave = () => handler.released(request);
    handler.handle(request);
  }

  #createOpen(ask: Ask, sink: ReplySink): OpenRequest {
    const { clock, nextId } = this.#parts;
    const onEnd = ({ id }: OpenRequest) => void this.#open.delete(id);
    const request = new OpenRequest({ ...ask, id: nextId(), arrived: clock.monotonic(), sink, onEnd });
    this.#open.set(request.id, request);
    return request;
  }

  #answerHere(ask: Ask, pending: PendingRequest): void {
    const refusal = this.accept(ask, pending, (request) => pending.assigned((reason) => request.cancel(reason)));
    if (refusal !== null) pending.end(refusal);
  }

  /**
   * Gives a request to a responder of this node.
   *
   * @param accepted called before the responder gets it
   * @returns why nobody can take it
   */
  accept(ask: Ask, sink: ReplySink, accepted: (request: OpenRequest) => void): Refusal | null {
    const pool = this.#pools.get(ask.channel);
    if (pool === undefined) return noResponders(ask.channel);
    const request = this.#createOpen(ask, sink);
    accepted(request);
    const refusal = pool.submit(request);
    if (refusal !== null) this.#open.delete(request.id);
    return refusal;
  }

  /** The responders of a channel on this node; undefined: there are none. */
  poolOf(channel: string): ResponderPool | undefined {
    return this.#pools.get(channel);
  }

  /**
   * Adds a responder.
   *
   * @returns a promise if other nodes learn of it later
   */
  respond(channel: string, handler: RequestHandler): NowOrLater<void> {
    const known = this.#pools.get(channel);
    const pool = known ?? new ResponderPool(channel, (capacity) => this.#offer(channel, capacity));
    if (known === undefined) this.#pools.set(channel, pool);
    return pool.add(handler);
  }

  /** Removes a responder. It keeps its open requests, and gets no more. */
  withdraw(channel: string, handler: RequestHandler): void {
    const pool = this.#pools.get(channel);
    if (pool?.has(handler) !== true) return; // withdrawn before
    void pool.remove(handler);
    if (pool.size === 0) this.#pools.delete(channel);
  }

  /** From now on, other nodes get the requests of other nodes. */
  drain(): void {
    this.#isDraining = true;
    for (const channel of this.#pools.keys()) void this.#offer(channel, 0);
  }

  #offer(channel: string, capacity: number): NowOrLater<void> {
    return this.#parts.peers?.offer(channel, this.#isDraining ? 0 : capacity);
  }
}
