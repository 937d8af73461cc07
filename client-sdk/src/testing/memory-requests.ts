import {
  alreadyResponding,
  type CancelReason,
  type ErrorBody,
  type Failure,
  notResponding,
  type Push,
  type Reply,
  type ReplyCommand,
  type RequestCommand,
  type RespondCommand,
  requestEnded,
} from '@sluice/protocol';
import { Refused } from './refused.ts';

/** A connection that requests or responds. */
export interface RequestPeer {
  readonly user: string | null;
  /** Sends a push before the reply to the current command. */
  pushFirst(push: Push): void;
  /** Answers an earlier command, after the reply to the current one. */
  answer(message: Reply | Failure): void;
}

interface Registration {
  readonly peer: RequestPeer;
  readonly concurrency: number;
  open: number;
}

interface OpenRequest {
  readonly name: string;
  readonly requester: RequestPeer;
  readonly command: RequestCommand;
  /** `undefined` while all responders are busy. */
  responder: Registration | undefined;
}

// Defaults of the gateway.
const CONCURRENCY = 16;
const TIMEOUT = 10_000;

/** Requests and responders of the in-memory gateway. Requests do not time out. SPEC.md section 11. */
export class MemoryRequests {
  readonly #registrations = new Map<string, Registration[]>();
  readonly #open = new Map<string, OpenRequest>();
  #count = 0;

  respond(peer: RequestPeer, { channel, concurrency = CONCURRENCY }: RespondCommand): void {
    const registrations = this.#on(channel);
    if (registrations.some((one) => one.peer === peer)) throw Refused.with(alreadyResponding(channel));
    this.#registrations.set(channel, [...registrations, { peer, concurrency, open: 0 }]);
    this.#assign(channel);
  }

  unrespond(peer: RequestPeer, channel: string): void {
    if (!this.#remove(peer, channel)) throw Refused.with(notResponding(channel));
  }

  request(requester: RequestPeer, command: RequestCommand): void {
    if (this.#on(command.channel).length === 0)
      throw new Refused('no_responders', `nobody responds on "${command.channel}"`);
    const name = `request-${++this.#count}`;
    this.#open.set(name, { name, requester, command, responder: undefined });
    this.#assign(command.channel);
  }

  cancel(requester: RequestPeer, id: number): void {
    const request = [...this.#open.values()].find((one) => one.requester === requester && one.command.id === id);
    if (request) this.#cancel(request, 'asked', new Refused('request_cancelled').body);
  }

  reply(peer: RequestPeer, { request: name, data, error, more }: ReplyCommand): void {
    const request = this.#open.get(name);
    if (!request || request.responder?.peer !== peer) throw Refused.with(requestEnded(name));
    const { requester, command } = request;
    if (more && data !== undefined) {
      requester.pushFirst({ type: 'replies', request: command.id, replies: [{ data }] });
      return;
    }
    this.#end(request);
    if (error) this.#fail(request, new Refused('responder_failed', error.message, { responder: error }).body);
    else requester.answer({ type: 'reply', id: command.id, result: data === undefined ? {} : { data } });
  }

  /** The connection has closed. */
  forget(peer: RequestPeer): void {
    for (const request of [...this.#open.values()]) {
      if (request.requester === peer) this.#cancel(request, 'closed');
    }
    for (const channel of this.#registrations.keys()) this.end(peer, channel);
  }

  /** Ends a registration and its open requests. @returns whether it existed */
  end(peer: RequestPeer, channel: string): boolean {
    const existed = this.#remove(peer, channel);
    for (const request of [...this.#open.values()]) {
      if (request.command.channel !== channel || request.responder?.peer !== peer) continue;
      this.#end(request);
      this.#fail(request, new Refused('responder_lost').body);
    }
    return existed;
  }

  #on(channel: string): readonly Registration[] {
    return this.#registrations.get(channel) ?? [];
  }

  #remove(peer: RequestPeer, channel: string): boolean {
    const registrations = this.#on(channel);
    const rest = registrations.filter((one) => one.peer !== peer);
    this.#registrations.set(channel, rest);
    return rest.length < registrations.length;
  }

  /** Gives waiting requests to the responders with the fewest open ones. */
  #assign(channel: string): void {
    for (const request of this.#open.values()) {
      if (request.command.channel !== channel || request.responder) continue;
      const free = this.#on(channel).filter(({ open, concurrency }) => open < concurrency);
      const [responder] = [...free].sort((a, b) => a.open - b.open);
      if (!responder) return;
      this.#send(request, responder);
    }
  }

  #send(request: OpenRequest, responder: Registration): void {
    const { name, requester, command } = request;
    const { channel, data, timeout = TIMEOUT } = command;
    const from = requester.user === null ? {} : { from: requester.user };
    request.responder = responder;
    responder.open++;
    responder.peer.pushFirst({ type: 'requests', channel, requests: [{ request: name, data, timeout, ...from }] });
  }

  #cancel(request: OpenRequest, reason: CancelReason, error?: ErrorBody): void {
    const { name, command, responder } = request;
    responder?.peer.pushFirst({ type: 'cancelled', channel: command.channel, request: name, reason });
    this.#end(request);
    if (error) this.#fail(request, error);
  }

  #fail({ requester, command }: OpenRequest, error: ErrorBody): void {
    requester.answer({ type: 'error', id: command.id, error });
  }

  #end(request: OpenRequest): void {
    this.#open.delete(request.name);
    if (request.responder) request.responder.open--;
    this.#assign(request.command.channel);
  }
}
