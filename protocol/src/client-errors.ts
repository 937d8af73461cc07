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

/** What to do about the errors of a client library. */
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
  outbox_full: 'Wait until queued messages are accepted, or raise the limits of the outbox.',
  outbox_expired: 'Publish the message again if it is still relevant.',
  outcome_unknown: 'Search the channel for the message before you publish it again.',
  outbox_not_stored: 'Allow the page to use IndexedDB.',
  outbox_asleep: 'Connect as the owner of the outbox.',
};

export type ClientErrorName = keyof typeof CLIENT_ERRORS | keyof typeof OUTBOX_ERRORS;
