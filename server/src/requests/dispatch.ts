import type { CancelReason, Json } from '@sluice/protocol';
import { refuseUnavailable } from '../channels/refuse-unavailable.ts';
import { Refusal } from '../refusal.ts';
import type { NowOrLater } from '../util/now-or-later.ts';
import { type KnownNode, type KnownNodes, loadOf } from './known-nodes.ts';
import type { OpenRequest, ReplySink } from './open-request.ts';
import type { PendingRequest } from './pending-request.ts';
import type { RequestEnd } from './request-end.ts';
import { noResponders, type ResponderPool } from './responder-pool.ts';

/** What a dispatch needs of its node. */
export interface DispatchParts {
  readonly channel: string;
  readonly pending: PendingRequest;
  /** Responders of this node. */
  pool(): ResponderPool | undefined;
  /** Gives the request to a responder of this node. */
  accept(sink: ReplySink, accepted: (request: OpenRequest) => void): Refusal | null;
  /** Sends the request to another node. `false`: the node has gone. */
  send(node: KnownNode, dispatch: Dispatch): NowOrLater<boolean>;
  cancel(dispatch: Dispatch, reason: CancelReason): void;
  /** Room for further replies. */
  grant(dispatch: Dispatch, replies: number): void;
  /** Reports a fault of the gateway. */
  fault(error: unknown): void;
  /** The nodes with responders. `anew`: as the engine knows them now. */
  nodes(anew: boolean): NowOrLater<KnownNodes>;
}

/** Replies that a responder's node may send in advance, and how many of them are granted again together. */
export const ADVANCE = 8;
const GRANT = 4;

/** The errors of a node that has not executed the request: another node may. */
const NOT_EXECUTED = new Set(['no_responders', 'responders_busy']);

/** One request on its way to a responder, on this node or on another. */
export class Dispatch implements ReplySink {
  readonly parts: DispatchParts;
  readonly #tried = new Set<string>();
  #triedHere = false;
  #askedAnew = false;
  #refusal: Refusal | undefined;
  #granted = 0;
  /** The node that has it, if it is another one. */
  node: KnownNode | undefined;

  constructor(parts: DispatchParts) {
    this.parts = parts;
  }

  start(): void {
    this.#withNodes(false, (nodes) => this.#next(nodes));
  }

  reply(data: Json, size: number): NowOrLater<void> {
    return this.parts.pending.reply(data, size);
  }

  /** A reply from another node. */
  replied(data: Json, size: number): void {
    const room = this.reply(data, size);
    if (room instanceof Promise) void room.then(() => this.#grant());
    else this.#grant();
  }

  #grant(): void {
    if (this.parts.pending.ended || ++this.#granted < GRANT) return;
    this.#granted = 0;
    this.parts.grant(this, GRANT);
  }

  end(end: RequestEnd): void {
    if (end instanceof Refusal && NOT_EXECUTED.has(end.error)) this.#refused(end);
    else this.parts.pending.end(end);
  }

  /** Its node has gone. */
  lost(): void {
    const detail = `the node with the responder of "${this.parts.channel}" cannot be reached`;
    this.parts.pending.end(new Refusal('responder_lost', detail));
  }

  #refused(refusal: Refusal): void {
    this.node = undefined;
    this.#refusal = refusal;
    if (!this.parts.pending.ended) this.start();
  }

  #withNodes(anew: boolean, next: (nodes: KnownNodes) => void): void {
    const nodes = this.parts.nodes(anew);
    if (nodes instanceof Promise) void nodes.then(next).catch((error: unknown) => this.#fail(error));
    else next(nodes);
  }

  #next(nodes: KnownNodes): void {
    if (this.parts.pending.ended) return;
    const node = nodes.choose(this.#tried);
    const pool = this.#triedHere ? undefined : this.parts.pool();
    if (pool !== undefined && (node === undefined || isLess(pool, node))) this.#answerHere();
    else if (node !== undefined) this.#sendTo(node);
    else this.#giveUp();
  }

  /** The nodes that were known may be out of date. */
  #giveUp(): void {
    if (this.#askedAnew) {
      this.parts.pending.end(this.#refusal ?? noResponders(this.parts.channel));
      return;
    }
    this.#askedAnew = true;
    this.#withNodes(true, (nodes) => this.#next(nodes));
  }

  #answerHere(): void {
    this.#triedHere = true;
    const { pending } = this.parts;
    const refusal = this.parts.accept(this, (request) => pending.assigned((reason) => request.cancel(reason)));
    if (refusal !== null) this.#refused(refusal);
  }

  #sendTo(node: KnownNode): void {
    this.#tried.add(node.address);
    this.node = node;
    const { pending } = this.parts;
    pending.assigned((reason) => this.parts.cancel(this, reason));
    const settle = (received: boolean): void => {
      if (!received && this.node === node) this.#refused(noResponders(this.parts.channel));
    };
    const sent = this.parts.send(node, this);
    if (sent instanceof Promise) void sent.then(settle).catch((error: unknown) => this.#fail(error));
    else settle(sent);
  }

  /** An engine that is away is an expected "no"; anything else is a fault of the gateway. */
  #fail(error: unknown): void {
    try {
      this.parts.pending.end(refuseUnavailable(error));
    } catch {
      this.parts.fault(error);
      this.parts.pending.end(new Refusal('internal'));
    }
  }
}

const isLess = (pool: ResponderPool, node: KnownNode): boolean => pool.load / pool.capacity <= loadOf(node);
