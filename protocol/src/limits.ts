/** Limits of the protocol itself: every implementation may rely on them. SPEC.md section 3. */
export const LIMITS = {
  /** Characters of a channel's name. */
  channelLength: 200,
  /** Characters of an event's name. */
  eventLength: 128,
  /** Characters of an idempotency key. */
  keyLength: 128,
  /** Milliseconds of the longest `ttl` of a message: 365 days. */
  ttl: 31_536_000_000,
  /** Tags of one message. */
  tags: 16,
  /** Characters of a tag's name. */
  tagNameLength: 64,
  /** Characters of a tag's value. */
  tagValueLength: 256,
  /** Nesting of arrays and objects in `data`. */
  dataDepth: 64,
  /** Messages in one page of history. */
  historyPage: 1000,
  /** Default number of messages in a page of history. */
  historyDefault: 100,
  /** Largest subscription id; the smallest is 1. Each id in use on a channel costs the gateway an encoding per message. */
  subscriptionId: 15,
  /** Characters of the name of a consumer group, with a user's name in it. */
  groupLength: 300,
  /** Ids of deliveries in one command. */
  deliveries: 1000,
  /** Characters of the id of a delivery. */
  deliveryIdLength: 200,
  /** Largest prefetch of a consumer. */
  prefetch: 1000,
  /** Milliseconds of the longest delay of a `nack`: a day. */
  nackDelay: 86_400_000,
  /** Characters of the reason of a `nack`. */
  nackReasonLength: 256,
  /** Largest number of open requests of one responder. */
  concurrency: 1000,
  /** Open requests of a responder that asks for no number. */
  concurrencyDefault: 16,
  /** Characters of the code of a responder's error. */
  errorCodeLength: 64,
  /** Characters of the message of a responder's error. */
  errorMessageLength: 1000,
  /** Replies to one request that may be unanswered. */
  replyWindow: 16,
  /** Characters of a user's name: the `sub` of a token. */
  userLength: 200,
  /** Patterns of channels in one filter: each is compared with the others, and with messages. */
  filterPatterns: 8,
  /** Characters of all names and values of a filter. */
  filterLength: 4096,
  /** Characters of a token. */
  tokenLength: 16_384,
} as const;
