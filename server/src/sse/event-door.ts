import type { ErrorBody } from '@sluice/protocol';
import { errorBodyReply, errorReply } from '../api/errors.ts';
import { isTicket } from '../auth/tickets.ts';
import type { Verifier } from '../auth/token.ts';
import { SUBSCRIPTIONS } from '../channels/cursor.ts';
import { EventSession } from '../protocols/sse/event-session.ts';
import { eventWire } from '../protocols/sse/event-wire.ts';
import { Refusal } from '../refusal.ts';
import type { Admit } from '../session/admission.ts';
import type { ArrivalLimits } from '../session/arrival-limits.ts';
import type { Services } from '../session/services.ts';
import { Session } from '../session/session.ts';
import type { HttpReply, Request } from '../transport/http.ts';
import type { StreamTopics } from '../transport/stream-topics.ts';
import { EventConnection } from './event-connection.ts';
import { readEventQuery } from './event-query.ts';
import { Heartbeats } from './heartbeats.ts';
import { PositionLine } from './position-line.ts';
import { Visitor, type VisitorOptions } from './visitor.ts';

export interface EventDoorOptions {
  readonly services: Services;
  readonly topics: StreamTopics;
  readonly admit: Admit;
  readonly arrivals: ArrivalLimits;
  readonly visitors: VisitorOptions;
  /** Maximum bytes buffered for one reader. */
  readonly limit: number;
  /** Verifies tokens, and the tickets that replace them. */
  readonly verifier: Verifier;
  readonly redeem: (ticket: string, channels: readonly string[]) => Promise<string | Refusal>;
  readonly nextId: () => string;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** Minimum and maximum milliseconds after which a client reconnects. */
const RETRY = { least: 1_000, most: 3_000 } as const;
/** Default seconds after which a client may retry. */
const LATER = '5';

const STREAM = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no', // otherwise nginx buffers events
};

/**
 * `GET /sse`: channels as Server-sent events. The request becomes a session like that of a
 * WebSocket, with the same rules and limits. Errors are answered before the stream begins, with an
 * entry of the catalogue.
 */
export class EventDoor {
  readonly #options: EventDoorOptions;
  readonly #services: Services;
  readonly #heartbeats: Heartbeats;

  constructor(options: EventDoorOptions) {
    const { services, verifier } = options;
    this.#options = options;
    this.#services = { ...services, verifier };
    this.#heartbeats = new Heartbeats(services.clock, services.settings.heartbeat);
  }

  /** The preflight request before a page may send `Authorization`. */
  preflight(request: Request): HttpReply {
    return { status: 204, headers: new Visitor(request, this.#options.visitors).preflight };
  }

  async handle(request: Request): Promise<HttpReply> {
    const visitor = new Visitor(request, this.#options.visitors);
    const stopped = this.#options.admit(visitor);
    if (stopped !== null) return this.#refuse(visitor, stopped.refusal);
    const query = readEventQuery(request);
    if (query instanceof Refusal) return errorReply(query, visitor.cors);
    const tooFast = this.#options.arrivals.admit(visitor.address);
    if (tooFast !== null) return this.#refuse(visitor, tooFast);
    const token = await this.#credential(
      visitor,
      query.ticket,
      query.subscribe.map(({ channel }) => channel),
    );
    if (token instanceof Refusal) return errorReply(token, visitor.cors);
    // Redeeming a ticket takes time: meanwhile the gateway may drain, or the address reach its limit.
    const late = this.#options.admit(visitor);
    if (late !== null) return this.#refuse(visitor, late.refusal);
    const { random = Math.random } = this.#options;
    const retry = Math.round(RETRY.least + random() * (RETRY.most - RETRY.least));
    return this.#open(visitor, new EventSession({ token, subscribe: query.subscribe, retry }));
  }

  #refuse({ address, cors }: Visitor, refusal: Refusal): HttpReply {
    const { error, body } = refusal;
    this.#services.events.emit('rejected', { what: 'handshake', address, error, detail: body.message });
    return withLater(errorReply(refusal, cors));
  }

  /** This uses up a ticket, wherever it is in the request. */
  async #credential(
    visitor: Visitor,
    ticket: string | undefined,
    channels: readonly string[],
  ): Promise<string | undefined | Refusal> {
    const credential = ticket ?? visitor.token();
    const isToken = ticket === undefined && !(typeof credential === 'string' && isTicket(credential));
    return isToken || typeof credential !== 'string' ? credential : this.#options.redeem(credential, channels);
  }

  async #open({ address, cors }: Visitor, wireSession: EventSession): Promise<HttpReply> {
    const { topics, limit, nextId } = this.#options;
    const line = new PositionLine();
    const connection: EventConnection = new EventConnection({
      id: nextId(),
      address,
      topics,
      limit,
      position: (): string => line.write(session.standings.of(SUBSCRIPTIONS).values()),
      closed: (closing) => this.#heartbeats.remove(closing),
    });
    const session: Session = new Session(connection, { wire: eventWire, session: wireSession }, this.#services);
    this.#heartbeats.add(connection); // before it can close, which removes it again
    connection.listen(session);
    const error = await wireSession.outcome;
    if (error !== null) {
      connection.closed(); // unless it is already closed
      return refuse(error, cors);
    }
    return { status: 200, headers: { ...STREAM, ...cors }, stream: connection };
  }

  stop(): void {
    this.#heartbeats.stop();
  }
}

function refuse(error: ErrorBody, cors: Readonly<Record<string, string>>): HttpReply {
  return withLater(errorBodyReply(error, cors));
}

/** EventSource gives up after any status other than 200, so the page needs to know when to retry. */
function withLater(reply: HttpReply): HttpReply {
  if (reply.status !== 429 && reply.status !== 503) return reply;
  return { ...reply, headers: { 'Retry-After': LATER, ...reply.headers } };
}
