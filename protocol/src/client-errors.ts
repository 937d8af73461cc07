import type { ErrorKind } from './error-kind.ts';

/**
 * The errors that originate in a client library and are never sent: range 4400–4499, in the order
 * of their codes.
 */
export const CLIENT_ERROR_NAMES = [
  'closed',
  'timed_out',
  'connection_lost',
  'token_failed',
  'unsubscribed',
  'not_shared',
  'option_invalid',
  'not_loaded',
] as const;

/** The code of the first error. */
export const FIRST_CLIENT_CODE = 4400;

/** The codes of errors whose operation may be retried unchanged. */
export const CLIENT_RETRYABLE: readonly number[] = [4401, 4402, 4403, 4407];

/** The messages of errors that may occur without a more specific message. */
export const CLIENT_SENTENCES = {
  closed: 'The client was closed.',
  timed_out: 'No answer in time.',
  token_failed: 'The token callback failed.',
  unsubscribed: 'The subscription ended.',
};

const OTHER_SENTENCES = {
  connection_lost: 'The connection was lost.',
  not_shared: 'The connection is not shared.',
  option_invalid: 'An argument is not valid.',
  not_loaded: 'A part of the library cannot be loaded.',
};

/**
 * The errors of a client library. A page loads only their codes and these sentences;
 * `CLIENT_REMEDIES` is loaded when it is needed.
 */
export const CLIENT_ERRORS = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ CLIENT_ERROR_NAMES.map((name, index) => {
    const message = { ...CLIENT_SENTENCES, ...OTHER_SENTENCES }[name];
    const code = FIRST_CLIENT_CODE + index;
    return [name, { code, message, retryable: CLIENT_RETRYABLE.includes(code) }];
  }),
) as unknown as Readonly<
  Record<(typeof CLIENT_ERROR_NAMES)[number], Pick<ErrorKind, 'code' | 'message' | 'retryable'>>
>;

/** The client library's errors of the outbox, separate so that only users of the outbox load them. */
export const OUTBOX_ERRORS = {
  outbox_full: { code: 4410, message: 'The outbox is full.', retryable: true },
  outbox_expired: { code: 4411, message: 'The message waited in the outbox for too long.', retryable: true },
  outcome_unknown: {
    code: 4412,
    message: 'The message was sent but never answered. It may have been published.',
    retryable: false,
  },
  outbox_not_stored: {
    code: 4413,
    message: 'The browser does not store data for this page: messages are kept in memory only.',
    retryable: false,
  },
  outbox_asleep: {
    code: 4414,
    message: 'The client is connected as a different user than the owner of the outbox.',
    retryable: false,
  },
} as const;

/** The remedies for the errors of a client library. */
export const CLIENT_REMEDIES: Readonly<Record<ClientErrorName, string>> = {
  closed: 'Call connect() to start again.',
  timed_out: 'Try again, or raise the timeout. The message says what caused the delay.',
  connection_lost:
    'Check that a gateway runs at this host, port and path, and that ws: or wss: is right. The client reconnects automatically.',
  token_failed:
    'Let the token function check response.ok and return a JWT, or { token }, a new one each time. The client calls it again with increasing delays.',
  unsubscribed: 'Subscribe again if you still need the channel.',
  not_shared: 'Nothing to do: this tab has its own connection.',
  option_invalid: 'Correct the call; the message names the argument and what it must be.',
  not_loaded:
    'Check that the files beside index.js are deployed and reachable; bundlers include them automatically. The client retries, and keeps pending calls.',
  outbox_full: 'Wait until queued messages are accepted, or raise the limits of the outbox.',
  outbox_expired: 'Publish the message again if it is still relevant.',
  outcome_unknown: 'Search the channel for the message before you publish it again.',
  outbox_not_stored: 'Allow the page to use IndexedDB.',
  outbox_asleep: 'Connect as the owner of the outbox.',
};

export type ClientErrorName = keyof typeof CLIENT_ERRORS | keyof typeof OUTBOX_ERRORS;
