import { checkData, parseCommand } from '@sluice/protocol';
import { readClaims } from '../../auth/claims.ts';
import type { Identity } from '../../auth/identity.ts';
import type { ApiKeys } from '../../auth/secrets.ts';
import { Refusal } from '../../refusal.ts';
import { type HttpReply, jsonReply, type Request } from '../../transport/http.ts';
import type { Clock } from '../../util/clock.ts';
import { readJson } from '../body.ts';
import { authenticate, needsKey, type TokenVerifier } from '../credentials.ts';
import { errorReply } from '../errors.ts';

export interface TicketServices {
  readonly apiKeys: ApiKeys;
  readonly verifier: TokenVerifier;
  readonly clock: Clock;
  readonly issue: IssueTicket;
  /** CORS headers for pages of other origins. */
  readonly cors: (request: Request) => Readonly<Record<string, string>>;
}

type Claims = Identity['claims'];

/** A ticket, and until when it can be redeemed: milliseconds since the Unix epoch. */
export interface Ticket {
  readonly ticket: string;
  readonly expiresAt: number;
}

export type IssueTicket = (claims: Claims, channels: readonly string[]) => Ticket | Refusal;

/** Maximum channels of one ticket, the same as of a stream. */
const MOST_CHANNELS = 100;
/** Maximum milliseconds of a stream whose claims have no expiry. */
const STREAM_LIFE = 3_600_000;

const wrong = (detail: string): Refusal => new Refusal('command_invalid', detail);

/** `POST /api/v1/tickets`: a ticket for the caller, or, with an API key, for a named user. */
export function ticketsRoute(services: TicketServices): (request: Request) => Promise<HttpReply> {
  return async (request) => {
    const cors = services.cors(request);
    const issued = await issue(request, services);
    if (!(issued instanceof Refusal)) return jsonReply(201, issued, cors);
    const challenge = issued.body.name === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer' } : {};
    return errorReply(issued, { ...cors, ...challenge });
  };
}

async function issue(request: Request, services: TicketServices): Promise<object | Refusal> {
  const caller = await authenticate(request, services);
  if (caller instanceof Refusal) return caller;
  const body = await readJson(request);
  if (body instanceof Refusal) return body;
  const wanted = readWanted(body.value);
  if (wanted instanceof Refusal) return wanted;
  const claims = claimsOf(caller, wanted.claims, services.clock.now());
  return claims instanceof Refusal ? claims : services.issue(claims, wanted.channels);
}

/** A ticket for the user whom a backend or the program names. */
export function issueNamed(value: unknown, issueTicket: IssueTicket, now: number): Ticket | Refusal {
  const wanted = readWanted(value);
  if (wanted instanceof Refusal) return wanted;
  const claims = namedClaims(wanted.claims, now);
  return claims instanceof Refusal ? claims : issueTicket(claims, wanted.channels);
}

interface Wanted {
  readonly channels: readonly string[];
  readonly claims: Readonly<Record<string, unknown>> | undefined;
}

/** Parses `{ channels, claims? }`. */
function readWanted(value: unknown): Wanted | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrong('the body must be an object { channels, claims? }');
  }
  const { channels, claims, ...unknown } = value as Readonly<Record<string, unknown>>;
  const [unknownField] = Object.keys(unknown);
  if (unknownField !== undefined) {
    return wrong(`unknown field ${JSON.stringify(unknownField.slice(0, 40))}; allowed: channels, claims`);
  }
  const isList = Array.isArray(channels) && channels.every((channel) => typeof channel === 'string');
  if (!isList || channels.length === 0 || channels.length > MOST_CHANNELS) {
    return wrong(`"channels" must be a list of 1 to ${MOST_CHANNELS} channel names`);
  }
  const fault = channels.map(findFault).find((found) => found !== null);
  if (fault) return fault;
  if (claims !== undefined && (typeof claims !== 'object' || claims === null || Array.isArray(claims))) {
    return wrong('"claims" must be an object like { sub: "ada" }');
  }
  return { channels, claims: claims as Wanted['claims'] };
}

/** A ticket is for what a subscription may have: the name of a channel, or a pattern. */
function findFault(channel: string): Refusal | null {
  const parsed = parseCommand({ type: 'subscribe', id: 1, channel });
  return 'fault' in parsed ? new Refusal(parsed.fault.error, parsed.fault.detail) : null;
}

/** The identity of the ticket: the caller, or the user that a backend names. */
function claimsOf(identity: Identity, named: Wanted['claims'], now: number): Claims | Refusal {
  if (identity.user !== null) {
    return named === undefined
      ? identity.claims
      : wrong('"claims" needs an API key. With a token, the ticket is for its own user');
  }
  return identity.trusted === true ? namedClaims(named, now) : needsKey();
}

function namedClaims(named: Wanted['claims'], now: number): Claims | Refusal {
  if (typeof named?.sub !== 'string' || named.sub === '') return wrong('"claims" must name the user: { "sub": "ada" }');
  const seconds = Math.floor(now / 1_000);
  return checkClaims({ iat: seconds, exp: seconds + STREAM_LIFE / 1_000, ...named }, now);
}

/** The ticket could never be redeemed with claims that no token may have. */
function checkClaims(claims: Claims, now: number): Claims | Refusal {
  const fault = checkData(claims);
  if (fault !== null) return new Refusal('payload_invalid', fault.replace(/^data/, 'claims'));
  const read = readClaims(claims, { clockTolerance: 0 }, now);
  return 'error' in read ? wrong(`"claims": ${read.message}`) : claims;
}
