import { type Command, parseCommand } from '@sluice/protocol';
import { readFilter } from '../api/query.ts';
import { readId } from '../protocols/sse/position.ts';
import { Refusal } from '../refusal.ts';
import type { RequestHead } from '../transport/http.ts';

type Subscribe = Extract<Command, { type: 'subscribe' }>;

/** The parameters of a request for an event stream. */
export interface EventQuery {
  /** With the ids 2, 3, 4… */
  readonly subscribe: readonly Subscribe[];
  readonly ticket?: string | undefined;
}

/** Maximum channels of one stream: limited by the id of an event. */
const MOST_CHANNELS = 100;
const ALLOWED: ReadonlySet<string> = new Set(['channel', 'since', 'rewind', 'filter', 'lastEventId', 'ticket']);
const TOKEN_NAMES = /^(?:access_?token|auth(?:orization)?|bearer|id_?token|jwt|token)$/i;
const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/;
const DIGITS = /^\d{1,16}$/;

const wrong = (detail: string): Refusal => new Refusal('command_invalid', detail);

const IN_ADDRESS = wrong(
  'a token must not be in a URL, where proxies and logs store it. Send "Authorization: Bearer …", or a one-time "ticket" (POST /api/v1/tickets)',
);

/** Parses the query of an event stream, and the id of the client's last event. */
export function readEventQuery({ query, headers }: RequestHead): EventQuery | Refusal {
  for (const [name, value] of query) {
    if (TOKEN_NAMES.test(name) || JWT.test(value)) return IN_ADDRESS;
    if (!ALLOWED.has(name)) {
      return wrong(`unknown parameter ${JSON.stringify(name.slice(0, 40))}; allowed: ${[...ALLOWED].join(', ')}`);
    }
  }
  const channels = [...new Set(query.getAll('channel'))];
  if (channels.length === 0) return wrong('at least one channel is required: /sse?channel=chat:lobby');
  if (channels.length > MOST_CHANNELS) {
    return new Refusal('too_many_subscriptions', `a stream may have at most ${MOST_CHANNELS} channels`);
  }
  const subscribe = readSubscribes(channels, query, headers.get('last-event-id') || query.get('lastEventId'));
  return subscribe instanceof Refusal ? subscribe : { subscribe, ticket: query.get('ticket') ?? undefined };
}

function readSubscribes(
  channels: readonly string[],
  query: URLSearchParams,
  lastId: string | null,
): readonly Subscribe[] | Refusal {
  const positions = lastId === null ? null : readId(lastId, channels);
  if (typeof positions === 'string') return wrong(`the last event id is not valid: ${positions}. Connect without it`);
  const start = readStart(query);
  if (start instanceof Refusal) return start;
  const filter = readFilter(query);
  if (filter instanceof Refusal) return filter;
  const subscribes: Subscribe[] = [];
  for (const [at, channel] of channels.entries()) {
    const position = positions?.get(channel);
    const parsed = parseCommand({
      type: 'subscribe',
      id: at + 2,
      channel,
      ...filter,
      ...(position === undefined ? start : { position }),
    });
    if ('fault' in parsed) return new Refusal(parsed.fault.error, parsed.fault.detail);
    subscribes.push(parsed.command as Subscribe);
  }
  return subscribes;
}

/** The starting point of channels of which the client has received nothing. */
function readStart(query: URLSearchParams): { since?: number; rewind?: number } | Refusal {
  const since = query.get('since');
  const rewind = query.get('rewind');
  if (since !== null && rewind !== null) return wrong('"since" and "rewind" cannot be combined. Remove one');
  if (since !== null) {
    return DIGITS.test(since) ? { since: Number(since) } : wrong('"since" must be milliseconds since the Unix epoch');
  }
  if (rewind !== null) return DIGITS.test(rewind) ? { rewind: Number(rewind) } : wrong('"rewind" must be a number');
  return {};
}
