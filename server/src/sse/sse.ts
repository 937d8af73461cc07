import { nanoid } from 'nanoid';
import type { EventRoutes } from '../api/routes.ts';
import type { DevAccess } from '../auth/dev-access.ts';
import { TicketSeal, ticketSecrets } from '../auth/tickets.ts';
import { hasLocalTickets, TICKETS_NEED } from '../config/hints.ts';
import type { Config } from '../config/schema.ts';
import type { Admit } from '../session/admission.ts';
import type { ArrivalLimits } from '../session/arrival-limits.ts';
import type { Services } from '../session/services.ts';
import type { Request } from '../transport/http.ts';
import type { StreamTopics } from '../transport/stream-topics.ts';
import { EventDoor } from './event-door.ts';
import { TicketDesk } from './ticket-desk.ts';
import { Visitor } from './visitor.ts';

export interface SseParts {
  readonly config: Config;
  readonly services: Services;
  /** Undefined if streams are disabled. */
  readonly topics: StreamTopics | undefined;
  readonly admit: Admit;
  readonly arrivals: ArrivalLimits;
  /** `null` outside of development mode. */
  readonly access: DevAccess | null;
}

/** What the gateway does with it. */
export interface SseControl {
  /** The secrets of the configuration have changed: older tickets become invalid. */
  replaceSecrets(config: Config): void;
  stop(): void;
}

/** Server-sent events: the routes of streams and of their tickets. */
export function createSse(parts: SseParts): (EventRoutes & SseControl) | undefined {
  const { config, services, topics, admit, arrivals, access } = parts;
  if (topics === undefined) return undefined;
  const { origins, trustProxy, sseCookie = null, limits } = config;
  const visitors = { origins, dev: access, trustProxy, cookie: sseCookie };
  const { log, clock, events } = services;
  if (hasLocalTickets(config)) events.emit('ticketsLocal', { advice: TICKETS_NEED });
  const nextId = () => nanoid(12);
  const seal = new TicketSeal(ticketSecrets(config));
  const desk = new TicketDesk({ seal, log, clock, nextId });
  const door = new EventDoor({
    services,
    topics,
    admit,
    arrivals,
    visitors,
    limit: limits.outbound / 2,
    verifier: desk.verifier(services.verifier),
    redeem: (ticket, channels) => desk.redeem(ticket, channels),
    nextId,
  });
  return {
    handle: (request) => door.handle(request),
    preflight: (request) => door.preflight(request),
    tickets: {
      issue: (claims, channels) => desk.issue(claims, channels),
      cors: (request: Request) => new Visitor(request, visitors).cors,
    },
    replaceSecrets: (next) => seal.replace(ticketSecrets(next)),
    stop: () => door.stop(),
  };
}
