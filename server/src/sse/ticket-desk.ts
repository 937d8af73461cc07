import type { Identity } from '../auth/identity.ts';
import { isTicket, type Ticket, type TicketSeal, verifyTicket } from '../auth/tickets.ts';
import type { Verifier } from '../auth/token.ts';
import { EngineUnavailable, type Log } from '../engine/engine.ts';
import { Refusal } from '../refusal.ts';
import type { Clock } from '../util/clock.ts';

export interface TicketDeskOptions {
  readonly seal: TicketSeal;
  readonly log: Log;
  readonly clock: Clock;
  readonly nextId: () => string;
}

/** Milliseconds for which a ticket is valid. */
export const TICKET_LIFE = 60_000;
/** Maximum characters of a ticket: it has to fit into a URL that passes through every proxy. */
const LONGEST = 4_000;
/** The log of used tickets. Clients cannot use a channel of this name. */
const USED = '#tickets';

/**
 * Issues and redeems tickets. A ticket can be used once among all nodes of an engine: its use is an
 * append with the ticket's id as idempotency key, and the engine detects a repetition.
 */
export class TicketDesk {
  readonly #options: TicketDeskOptions;

  constructor(options: TicketDeskOptions) {
    this.#options = options;
  }

  /** Seals a ticket that opens these channels once, in the name of the user with these claims. */
  issue(claims: Identity['claims'], channels: readonly string[]): { ticket: string; expiresAt: number } | Refusal {
    const { seal, clock, nextId } = this.#options;
    const expiresAt = clock.now() + TICKET_LIFE;
    const ticket = seal.seal({ id: nextId(), expiresAt, channels, claims });
    if (ticket.length <= LONGEST) return { ticket, expiresAt };
    return new Refusal(
      'payload_too_large',
      `the ticket would have more than ${LONGEST} characters; use fewer channels or claims`,
    );
  }

  /**
   * Uses up a ticket.
   *
   * @returns the ticket, which `verifier` now accepts as a token; or why it does not open these
   *   channels
   */
  async redeem(text: string, channels: readonly string[]): Promise<string | Refusal> {
    const { seal, clock } = this.#options;
    const ticket = seal.open(text);
    if (ticket === null) return new Refusal('unauthorized', 'the ticket is not one of this gateway; request a new one');
    if (ticket.expiresAt <= clock.now()) return expired();
    const other = channels.find((channel) => !ticket.channels.includes(channel));
    if (other !== undefined) {
      const detail = `the ticket is not for the channel "${other}"`;
      return new Refusal('permission_denied', detail).advise('Request a ticket that names the channel.');
    }
    try {
      return (await this.#isFirstUse(ticket))
        ? text
        : new Refusal('unauthorized', 'the ticket was used before; request a new one');
    } catch (error) {
      if (error instanceof EngineUnavailable) return new Refusal(error.error, error.message, 1_000);
      throw error;
    }
  }

  async #isFirstUse({ id }: Ticket): Promise<boolean> {
    const { log, clock, nextId } = this.#options;
    const use = nextId();
    const entry = { id: use, time: clock.now(), data: null };
    const result = await log.append(USED, entry, { retention: null, key: id, window: 2 * TICKET_LIFE });
    return result.id === use;
  }

  /** A verifier that also accepts redeemed tickets. */
  verifier(tokens: Verifier): Verifier {
    const { seal, clock } = this.#options;
    return {
      verify: (credential) =>
        isTicket(credential) ? verifyTicket(seal.open(credential), clock.now()) : tokens.verify(credential),
      close: () => tokens.close(),
    };
  }
}

const expired = (): Refusal =>
  new Refusal(
    'unauthorized',
    `the ticket has expired: it is valid for ${TICKET_LIFE / 1_000} seconds; request a new one`,
  );
