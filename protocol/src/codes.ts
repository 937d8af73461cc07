/**
 * The catalogue of errors and close codes: the only place where one is defined. SPEC.md section 8, `docs/errors.md`
 * (generated), the gateway, the HTTP API and the SDK all read this table.
 *
 * A code's range says what a client does when a connection closes with it:
 *
 * | range     | meaning                                             |
 * | --------- | --------------------------------------------------- |
 * | 4000–4099 | passing: reconnect with backoff                     |
 * | 4100–4199 | the token: fetch a new one, then reconnect          |
 * | 4200–4299 | final: do not reconnect, the application must change |
 * | 4300–4399 | of one command: never closes a connection           |
 * | 4400–4499 | of a client library: never on the wire              |
 */

import type { ErrorBody } from './replies.ts';

export interface ErrorKind {
  readonly code: number;
  /** What happened, in one sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** May the same thing be tried again, unchanged, later? */
  readonly retryable: boolean;
  /** Status with which the HTTP API answers. RFC 9110 section 15. */
  readonly status: number;
}

export const ERRORS = {
  draining: {
    code: 4000,
    message: 'The gateway is stopping.',
    remedy: 'Reconnect after the delay given in the drain push.',
    retryable: true,
    status: 503,
  },
  unavailable: {
    code: 4001,
    message: 'The engine cannot be reached.',
    remedy: 'Try again with backoff; the operation was not performed.',
    retryable: true,
    status: 503,
  },
  connect_timeout: {
    code: 4003,
    message: 'No connect command arrived in time.',
    remedy: 'Send connect in the first frame after the WebSocket has opened.',
    retryable: true,
    status: 408,
  },
  slow_reader: {
    code: 4004,
    message: 'The connection reads too slowly.',
    remedy: 'Reconnect and resume from the last position; subscribe to less on slow networks.',
    retryable: true,
    status: 503,
  },
  internal: {
    code: 4005,
    message: 'Internal error of the gateway.',
    remedy: "Try again; the cause is in the gateway's log.",
    retryable: true,
    status: 500,
  },
  keys_unavailable: {
    code: 4006,
    message: 'The keys that verify tokens cannot be fetched.',
    remedy: 'Try again with backoff; operators: check the JWKS URL.',
    retryable: true,
    status: 503,
  },
  flood: {
    code: 4007,
    message: 'The connection kept sending far above its limits.',
    remedy: 'Reconnect with backoff and send less.',
    retryable: true,
    status: 429,
  },
  too_many_connections: {
    code: 4008,
    message: 'There are too many connections.',
    remedy: 'Close connections that are no longer needed; try again with backoff.',
    retryable: true,
    status: 429,
  },

  token_expired: {
    code: 4100,
    message: 'The token has expired.',
    remedy: 'Fetch a new token and connect again.',
    retryable: false,
    status: 401,
  },
  token_not_active: {
    code: 4101,
    message: 'The token is not valid yet.',
    remedy: "Compare the clocks of the issuer and the gateway, and the token's nbf and iat.",
    retryable: true,
    status: 401,
  },
  token_revoked: {
    code: 4102,
    message: 'The token was revoked.',
    remedy: 'Sign in again: a token issued after the revocation is accepted.',
    retryable: false,
    status: 401,
  },

  token_required: {
    code: 4200,
    message: 'A token is required.',
    remedy: 'Give a token to connect, or allow anonymous connections in the configuration.',
    retryable: false,
    status: 401,
  },
  token_malformed: {
    code: 4201,
    message: 'The token is not a signed JWT.',
    remedy: 'Send the JWT itself as text, without JSON or a page around it (RFC 7515 section 7.1).',
    retryable: false,
    status: 401,
  },
  token_algorithm: {
    code: 4202,
    message: "The token's algorithm is not accepted by any configured key.",
    remedy: 'Sign with an algorithm that the configuration names for the key; "none" is never accepted.',
    retryable: false,
    status: 401,
  },
  token_key_unknown: {
    code: 4203,
    message: 'The token names a key (kid) that the gateway does not know.',
    remedy: 'Publish the key in the JWKS, or add it to the configuration.',
    retryable: false,
    status: 401,
  },
  token_signature: {
    code: 4204,
    message: "The token's signature does not match.",
    remedy: 'Sign with the key that the gateway is configured with.',
    retryable: false,
    status: 401,
  },
  token_claims: {
    code: 4205,
    message: 'A claim of the token is missing or wrong.',
    remedy: 'The message names the claim: exp and sub are required, iss and aud must match the configuration.',
    retryable: false,
    status: 401,
  },
  user_changed: {
    code: 4206,
    message: 'The new token belongs to another user.',
    remedy: 'Open a new connection for another user; refresh keeps the identity.',
    retryable: false,
    status: 401,
  },
  connect_required: {
    code: 4207,
    message: 'The first command was not connect.',
    remedy: 'Send connect first; other commands may follow it in the same frame.',
    retryable: false,
    status: 400,
  },
  frame_too_large: {
    code: 4208,
    message: 'The frame is larger than the gateway accepts.',
    remedy: 'Split the commands over several frames; maxFrame in the reply to connect is the limit.',
    retryable: false,
    status: 413,
  },
  protocol_violation: {
    code: 4209,
    message: 'Too many invalid frames in a row.',
    remedy: 'Read the errors that were sent before; each says what was wrong and where.',
    retryable: false,
    status: 400,
  },
  origin_refused: {
    code: 4210,
    message: 'Pages of this origin may not connect.',
    remedy: 'Add the origin to "origins" in the configuration.',
    retryable: false,
    status: 403,
  },
  subprotocol_unknown: {
    code: 4211,
    message: 'The gateway speaks none of the offered subprotocols.',
    remedy: 'Offer sluice.v1.json or sluice.v1.msgpack.',
    retryable: false,
    status: 400,
  },

  frame_malformed: {
    code: 4300,
    message: 'The frame cannot be decoded.',
    remedy:
      'Send valid JSON in UTF-8; on a WebSocket one command, or an array of commands, in the negotiated subprotocol.',
    retryable: false,
    status: 400,
  },
  command_unknown: {
    code: 4301,
    message: 'The command is unknown.',
    remedy: 'See the list of commands in SPEC.md section 4.',
    retryable: false,
    status: 400,
  },
  command_invalid: {
    code: 4302,
    message: 'A field of the command is missing or wrong.',
    remedy: 'The message names the field and what it must be.',
    retryable: false,
    status: 400,
  },
  already_connected: {
    code: 4303,
    message: 'The connection is already authenticated.',
    remedy: 'Use refresh to replace the token.',
    retryable: false,
    status: 409,
  },
  channel_invalid: {
    code: 4304,
    message: 'The channel name is not valid.',
    remedy: 'Use 1 to 200 characters of A-Z a-z 0-9 _ - . ~ @ $ = + , in segments joined by ":".',
    retryable: false,
    status: 400,
  },
  channel_unknown: {
    code: 4305,
    message: 'No channel rule matches this name.',
    remedy: 'Add a rule to "channels" in the gateway\'s configuration, or correct the name.',
    retryable: false,
    status: 404,
  },
  permission_denied: {
    code: 4306,
    message: 'This identity may not do that on this channel.',
    remedy: "Grant the verb in the channel's rule or in the token's caps.",
    retryable: false,
    status: 403,
  },
  already_subscribed: {
    code: 4307,
    message: 'The connection is already subscribed to this channel.',
    remedy: 'Unsubscribe first to start from another position.',
    retryable: false,
    status: 409,
  },
  not_subscribed: {
    code: 4308,
    message: 'The connection is not subscribed to this channel.',
    remedy: 'Subscribe first.',
    retryable: false,
    status: 409,
  },
  payload_too_large: {
    code: 4309,
    message: 'The message is larger than the channel accepts.',
    remedy: "Send less, or raise maxPayload in the channel's rule.",
    retryable: false,
    status: 413,
  },
  payload_invalid: {
    code: 4310,
    message: 'The payload is not valid for the channel.',
    remedy: "The message names the path and the reason: the channel's contract, or the limits of SPEC.md section 3.3.",
    retryable: false,
    status: 422,
  },
  rate_limited: {
    code: 4311,
    message: 'Too much, too fast.',
    remedy: 'Wait for retryAfter milliseconds, then try again.',
    retryable: true,
    status: 429,
  },
  too_many_subscriptions: {
    code: 4312,
    message: 'The connection has reached its maximum number of subscriptions.',
    remedy: 'Unsubscribe from channels that are no longer needed.',
    retryable: false,
    status: 429,
  },
  not_found: {
    code: 4314,
    message: 'There is nothing at this address.',
    remedy: 'See docs/http-api.md for the routes.',
    retryable: false,
    status: 404,
  },
  method_not_allowed: {
    code: 4315,
    message: 'This address does not support that method.',
    remedy: 'The Allow header lists the supported methods.',
    retryable: false,
    status: 405,
  },
  not_member: {
    code: 4317,
    message: 'The connection has not entered this channel.',
    remedy: 'Enter first.',
    retryable: false,
    status: 409,
  },
  unauthorized: {
    code: 4316,
    message: 'The request carries no valid API key or token.',
    remedy: 'Send "Authorization: Bearer <API key or token>".',
    retryable: false,
    status: 401,
  },
  storage_full: {
    code: 4318,
    message: 'The gateway has no room for more messages.',
    remedy: 'Try again with backoff; operators: free or add disk space, or keep less history.',
    retryable: true,
    status: 507,
  },
  host_refused: {
    code: 4319,
    message: 'A gateway in development mode does not answer under this name.',
    remedy: 'Use localhost, or add the name to "allowedHosts" in the configuration.',
    retryable: false,
    status: 403,
  },
  unsupported_media_type: {
    code: 4320,
    message: 'The body is not JSON.',
    remedy: 'Send JSON in UTF-8, not compressed, with "Content-Type: application/json".',
    retryable: false,
    status: 415,
  },
} as const satisfies Record<string, ErrorKind>;

/** The names of the errors that a gateway sends. */
export type ErrorName = keyof typeof ERRORS;

/**
 * Errors that arise in a client library and never travel: kept apart so that a browser bundle carries these few only.
 * Range 4400–4499. What to do about them is in `CLIENT_REMEDIES`, which a page loads when it has to say it.
 */
export const CLIENT_ERRORS = {
  closed: { code: 4400, message: 'The client was closed.', retryable: false },
  timed_out: { code: 4401, message: 'No answer in time.', retryable: true },
  connection_lost: { code: 4402, message: 'The connection was lost.', retryable: true },
  token_failed: { code: 4403, message: 'The token callback failed.', retryable: true },
  unsubscribed: { code: 4404, message: 'The subscription ended.', retryable: false },
  not_shared: { code: 4405, message: 'The connection is not shared.', retryable: false },
  option_invalid: { code: 4406, message: 'An argument is not valid.', retryable: false },
} as const;

/** The client library's errors of the outbox: apart from the others, so that only those who use it carry them. */
export const OUTBOX_ERRORS = {
  outbox_full: { code: 4410, message: 'The outbox is full.', retryable: true },
  outbox_expired: { code: 4411, message: 'The message waited in the outbox for too long.', retryable: true },
  outcome_unknown: {
    code: 4412,
    message: 'The message was sent and never answered; it may have been published.',
    retryable: false,
  },
  outbox_not_stored: {
    code: 4413,
    message: 'The browser stores nothing for this page: messages are kept in memory only.',
    retryable: false,
  },
  outbox_asleep: {
    code: 4414,
    message: 'The client is connected as another user than the one that the outbox belongs to.',
    retryable: false,
  },
} as const;

/** What to do about the errors of a client library. */
export const CLIENT_REMEDIES: Readonly<Record<ClientErrorName, string>> = {
  closed: 'Call connect() to start again.',
  timed_out: 'Try again, or allow more time; the message says what was in the way.',
  connection_lost:
    'Check that a gateway runs at this host, port and path, and that ws: or wss: is right. The client connects again by itself.',
  token_failed:
    'Let the token function check response.ok and return a JWT, or { token }, a fresh one each time. It is called again with growing pauses.',
  unsubscribed: 'Subscribe again if it is still wanted.',
  not_shared: 'Nothing has to be done: this tab has a connection of its own.',
  option_invalid: 'Correct the call; the message names the argument and what it must be.',
  outbox_full: 'Wait until messages were accepted, or raise the limits of the outbox.',
  outbox_expired: 'Publish it again if it still matters.',
  outcome_unknown: 'Look for it in the channel before you publish it again.',
  outbox_not_stored: 'Allow the page to use IndexedDB.',
  outbox_asleep: 'Connect as the user whom the outbox belongs to.',
};

export type ClientErrorName = keyof typeof CLIENT_ERRORS | keyof typeof OUTBOX_ERRORS;

/** What a client does after a close, by the code's range; any code outside of ours (1006 included) is `reconnect`. */
export type AfterClose = 'reconnect' | 'new_token' | 'stop';

/**
 * Tells what a client does after its connection was closed. SPEC.md section 8.2.
 *
 * @param code close code of the WebSocket
 */
export function afterClose(code: number): AfterClose {
  if (code >= 4100 && code < 4200) return 'new_token';
  if (code >= 4200 && code < 4300) return 'stop';
  return 'reconnect';
}

/** Where the documentation explains an error: this, followed by the error's name. */
export const ERROR_DOCS = 'docs/errors.md#';

/**
 * Builds the wire form of an error.
 *
 * @param name entry of the catalogue
 * @param detail replaces the catalogue's sentence with one that says where and what; never a token or a payload
 * @param retryAfter milliseconds to wait before trying again
 */
export function errorBody(name: ErrorName, detail?: string, retryAfter?: number): ErrorBody {
  const { code, message, remedy, retryable } = ERRORS[name];
  const body = { code, name, message: detail ?? message, remedy, retryable };
  return retryAfter === undefined ? body : { ...body, retryAfter };
}
