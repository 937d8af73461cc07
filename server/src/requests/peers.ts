import { nanoid } from 'nanoid';
import type { Rules } from '../channels/rules.ts';
import type { Mailbox, Nodes } from '../engine/nodes.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { chain, type NowOrLater, recover } from '../util/now-or-later.ts';
import type { Ask } from './ask.ts';
import { Dispatch } from './dispatch.ts';
import { type KnownNode, KnownNodes } from './known-nodes.ts';
import type { OpenRequest, ReplySink } from './open-request.ts';
import { type PeerMessage, packEnd, type SentRequest, unpackEnd } from './peer-messages.ts';
import type { PendingRequest } from './pending-request.ts';
import { RemoteSink } from './remote-sink.ts';
import type { ResponderPool } from './responder-pool.ts';

/** Milliseconds for which the nodes of a channel are remembered. */
const FRESH = 1_000;
/** Channels whose nodes are remembered; beyond it, those without open requests are forgotten. */
const MOST_CHANNELS = 10_000;
/** Milliseconds between two probes of the nodes that have requests of this node. */
const PROBE = 5_000;

export interface PeersParts {
  readonly nodes: Nodes;
  readonly rules: Rules;
  readonly clock: Clock;
  readonly events: EventBus;
}

/** The responders of this node. */
export interface LocalResponders {
  poolOf(channel: string): ResponderPool | undefined;
  accept(ask: Ask, sink: ReplySink, accepted: (request: OpenRequest) => void): Refusal | null;
}

/** A request of another node. */
interface Served {
  readonly request: OpenRequest;
  readonly sink: RemoteSink;
}

/** The other nodes of the cluster: requests go there, and come from there. */
export class Peers {
  readonly #parts: PeersParts;
  readonly #known = new Map<string, KnownNodes>();
  readonly #sent = new Map<number, Dispatch>();
  readonly #numbers = new WeakMap<Dispatch, number>();
  /** By the requester's node and its number. */
  readonly #served = new Map<string, Served>();
  /** How many of them each node has on each channel. */
  readonly #servedFor = new Map<string, number>();
  #local: LocalResponders | undefined;
  #mailbox: Mailbox | undefined;
  #count = 0;
  #probe: Timer | undefined;

  constructor(parts: PeersParts) {
    this.#parts = parts;
  }

  serve(local: LocalResponders): void {
    this.#local = local;
  }

  /** Opens the mailbox. Call it before anything else. */
  async start(): Promise<void> {
    this.#mailbox = await this.#parts.nodes.open(nanoid(12), {
      received: (from, message) => this.#receive(from, message),
    });
  }

  async close(): Promise<void> {
    this.#probe?.cancel();
    await this.#mailbox?.close();
    this.#mailbox = undefined;
  }

  offer(channel: string, capacity: number): NowOrLater<void> {
    return this.#mailbox?.offer(channel, capacity);
  }

  // Requests of this node --------------------------------------------------------------------------------------------

  /** Sends a request to the node with the least load, perhaps this one. */
  route(ask: Ask, pending: PendingRequest): void {
    const local = this.#local;
    if (local === undefined) return;
    const { channel, data, from, timeout } = ask;
    const request: SentRequest = { channel, data, timeout, ...(from === undefined ? undefined : { from }) };
    new Dispatch({
      channel,
      pending,
      pool: () => local.poolOf(channel),
      fault: (error) => this.#parts.events.emit('fault', { where: 'requests', error }),
      accept: (sink, accepted) => local.accept(ask, sink, accepted),
      nodes: (anew) => this.#nodesOf(channel, anew),
      send: (node, dispatch) => this.#sendRequest(node, dispatch, request),
      cancel: (dispatch, reason) => {
        const id = this.#settle(dispatch);
        if (id !== undefined && dispatch.node !== undefined) this.#post(dispatch.node.address, ['cancel', id, reason]);
      },
      grant: (dispatch, replies) => {
        const id = this.#numbers.get(dispatch);
        if (id !== undefined && dispatch.node !== undefined) this.#post(dispatch.node.address, ['room', id, replies]);
      },
    }).start();
  }

  #nodesOf(channel: string, anew: boolean): NowOrLater<KnownNodes> {
    const mailbox = this.#mailbox;
    const known = this.#known.get(channel) ?? this.#remember(channel);
    const now = this.#parts.clock.monotonic();
    if (mailbox === undefined || (!anew && now < known.freshUntil)) return known;
    return chain(mailbox.responders(channel), (offers) => {
      known.update(
        offers.filter(({ node }) => node !== mailbox.address),
        now + FRESH,
      );
      return known;
    });
  }

  #remember(channel: string): KnownNodes {
    if (this.#known.size >= MOST_CHANNELS) {
      for (const [name, nodes] of this.#known) if (!nodes.isUsed) this.#known.delete(name);
    }
    const known = new KnownNodes();
    this.#known.set(channel, known);
    return known;
  }

  #sendRequest(node: KnownNode, dispatch: Dispatch, request: SentRequest): NowOrLater<boolean> {
    const id = ++this.#count;
    this.#sent.set(id, dispatch);
    this.#numbers.set(dispatch, id);
    node.mine++;
    this.#probe ??= this.#parts.clock.after(PROBE, () => this.#probeNodes());
    const forget = (): void => void this.#settle(dispatch);
    return chain(
      this.#send(node.address, ['request', id, request]),
      (received) => {
        if (!received) forget();
        return received;
      },
      (error) => {
        forget();
        throw error;
      },
    );
  }

  /** Another node has no longer to answer it. Returns its number, if another node had. */
  #settle(dispatch: Dispatch): number | undefined {
    const id = this.#numbers.get(dispatch);
    if (id === undefined || !this.#sent.delete(id)) return undefined;
    this.#numbers.delete(dispatch);
    if (dispatch.node !== undefined) dispatch.node.mine--;
    return id;
  }

  /** A node that dies cannot say so: requests to it must not wait for their timeouts. */
  #probeNodes(): void {
    this.#probe = undefined;
    if (this.#sent.size === 0) return;
    this.#probe = this.#parts.clock.after(PROBE, () => this.#probeNodes());
    const nodes = new Set([...this.#sent.values()].map(({ node }) => node?.address));
    for (const address of nodes) {
      if (address === undefined) continue;
      void chain(
        recover(
          () => this.#send(address, ['probe']),
          () => true,
        ),
        (received) => {
          if (!received) this.#lost(address);
        },
      );
    }
  }

  #lost(address: string): void {
    for (const dispatch of [...this.#sent.values()]) {
      if (dispatch.node?.address !== address) continue;
      this.#settle(dispatch);
      dispatch.lost();
    }
  }

  // Messages ---------------------------------------------------------------------------------------------------------

  #receive(from: string, text: string): void {
    const message = JSON.parse(text) as PeerMessage;
    switch (message[0]) {
      case 'request':
        this.#serve(from, message[1], message[2], text.length);
        break;
      case 'cancel':
        this.#served.get(`${from} ${message[1]}`)?.request.cancel(message[2]);
        break;
      case 'room':
        this.#served.get(`${from} ${message[1]}`)?.sink.grant(message[2]);
        break;
      case 'reply':
        this.#sent.get(message[1])?.replied(message[2], text.length);
        break;
      case 'end':
        this.#ended(message[1], message[2], message[3]);
    }
  }

  #ended(id: number, end: Parameters<typeof unpackEnd>[0], load: number): void {
    const dispatch = this.#sent.get(id);
    if (dispatch === undefined) return;
    if (dispatch.node !== undefined) dispatch.node.others = load;
    this.#settle(dispatch);
    dispatch.end(unpackEnd(end, dispatch.parts.channel));
  }

  /** A request of another node. */
  #serve(from: string, id: number, { channel, data, timeout, from: user }: SentRequest, size: number): void {
    const match = this.#parts.rules.match(channel);
    const refuse = (refusal: Refusal): void => this.#post(from, ['end', id, packEnd(refusal), 0]);
    if (match === null || this.#local === undefined) {
      refuse(new Refusal('no_responders', `no channel rule of the responder's node matches "${channel}"`));
      return;
    }
    const key = `${from} ${id}`;
    const sink = new RemoteSink({
      clock: this.#parts.clock,
      timeout,
      sendReply: (reply) => this.#reply(key, from, ['reply', id, reply]),
      sendEnd: (end) => this.#post(from, ['end', id, packEnd(end), this.#loadWithout(from, channel)]),
      onClosed: () => this.#forget(key, from, channel),
      silent: () => this.#served.get(key)?.request.cancel('closed'),
    });
    const ask: Ask = { channel, match, data, size, timeout, from: user };
    this.#tally(from, channel, 1);
    const refusal = this.#local.accept(ask, sink, (request) => this.#served.set(key, { request, sink }));
    if (refusal === null) return;
    sink.closed();
    refuse(refusal);
  }

  #forget(key: string, from: string, channel: string): void {
    this.#served.delete(key);
    this.#tally(from, channel, -1);
  }

  #tally(from: string, channel: string, by: number): void {
    const key = `${from} ${channel}`;
    const count = (this.#servedFor.get(key) ?? 0) + by;
    if (count === 0) this.#servedFor.delete(key);
    else this.#servedFor.set(key, count);
  }

  #reply(key: string, to: string, message: PeerMessage): void {
    void chain(
      recover(
        () => this.#send(to, message),
        () => true,
      ),
      (received) => {
        if (!received) this.#served.get(key)?.request.cancel('closed');
      },
    );
  }

  /** Open requests on this node, without those of the other. */
  #loadWithout(other: string, channel: string): number {
    const load = this.#local?.poolOf(channel)?.load ?? 0;
    return Math.max(0, load - (this.#servedFor.get(`${other} ${channel}`) ?? 0));
  }

  /** A message that may get lost: the receiver finds out by time. */
  #post(to: string, message: PeerMessage): void {
    void recover<unknown>(
      () => this.#send(to, message),
      () => undefined,
    );
  }

  #send(to: string, message: PeerMessage): NowOrLater<boolean> {
    return this.#mailbox?.send(to, JSON.stringify(message)) ?? false;
  }
}
