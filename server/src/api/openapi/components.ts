import { ERRORS, LIMITS } from '@sluice/protocol';
import { ANY, FLAG, list, mapOf, NUMBER, oneOf, orNull, ref, reply, type Schema, text, upTo, whole } from './schema.ts';

/** Names of nodes that did not answer. */
/** Who looks at the data: see `PayloadView`. */
export const PAYLOADS = {
  ...oneOf('true', 'false'),
  description: 'true: a person looks at the data, which is logged. false: "size" in place of "data", which is null',
};
export const MISSING = { missing: list(text(), { description: 'Nodes that did not answer' }) };

export const ERROR = reply(
  {
    code: whole(4000, 4999),
    name: oneOf(...Object.keys(ERRORS)),
    message: text(),
    remedy: text(),
    retryable: FLAG,
    docs: text({ description: 'The address of the documentation' }),
  },
  { retryAfter: NUMBER, issues: list(ANY), responder: ANY, head: ref('Position') },
);

const PROBLEM = reply(
  { type: text(), title: text(), status: whole(400, 599), detail: text(), code: whole(4000, 4999), name: text() },
  { remedy: text(), retryable: FLAG, retryAfter: NUMBER },
);

const MESSAGE = reply(
  { id: text(), offset: whole(1), time: NUMBER, data: ANY },
  {
    event: text(),
    tags: mapOf(text()),
    trace: text(),
    size: whole(),
    expiresAt: NUMBER,
    from: text(),
    origin: reply({ channel: text(), offset: whole(1) }),
  },
);

const CHANNEL = {
  channel: text(),
  subscribers: whole(),
  members: whole(),
  epoch: text(),
  head: whole(),
  first: whole(),
  bytes: whole(),
};

/** The schemas that several operations share, by name. */
export const COMPONENTS: Readonly<Record<string, Schema>> = {
  Error: reply({ error: ERROR }),
  Problem: PROBLEM,
  Position: reply({ epoch: text(), offset: whole() }),
  Message: MESSAGE,
  PublishResult: reply({ id: text(), epoch: text(), offset: whole(1) }),
  PublishEntry: { anyOf: [ref('PublishResult'), reply({ error: ANY })] },
  Member: reply({ user: text(), connections: whole(), since: NUMBER }, { info: ANY, state: ANY }),
  Node: reply(
    {
      node: text(),
      version: text(),
      state: oneOf('running', 'draining'),
      engine: text(),
      uptime: NUMBER,
      pid: whole(),
      connections: whole(),
      users: whole(),
      channels: whole(),
      memory: whole(),
      busy: { type: 'number', minimum: 0 },
      totals: reply({ published: NUMBER, delivered: NUMBER, gaps: NUMBER, errors: NUMBER }),
    },
    { trouble: text() },
  ),
  Channel: reply(CHANNEL),
  ChannelReport: reply({ ...CHANNEL, rule: text() }, MISSING),
  Connection: reply({
    id: text(),
    node: text(),
    user: orNull(text()),
    address: text(),
    protocol: text(),
    since: NUMBER,
    subscriptions: whole(),
    buffered: whole(),
    slow: FLAG,
  }),
  Affected: reply({ connections: whole() }, { ended: whole(), refused: whole(), ...MISSING }),
  Revocation: reply({ until: whole() }, { user: text(), jti: text(), before: whole() }),
  GroupGap: reply({ from: ref('Position'), to: ref('Position'), reason: text() }),
  Delivery: reply({ id: text(), attempt: whole(1), deadline: NUMBER, message: ref('Message') }),
  DeadLetter: reply(
    { ordinal: whole(), reason: text(), deliveries: whole(), time: NUMBER, epoch: text(), message: ref('Message') },
    { error: text(), refused: reply({ error: text(), detail: text() }) },
  ),
  Settled: reply({}, { expired: list(text()), deadline: NUMBER }),
  Explanation: reply(
    {
      allowed: FLAG,
      verb: text(),
      channel: text(),
      rule: orNull(text()),
      reason: reply({ kind: text() }),
      message: text(),
      remedy: text(),
    },
    {
      only: reply({ claimed: list(reply({ name: text(), values: list(text()) })), fixed: FLAG }),
      bound: orNull(text()),
      spans: list(text()),
      hooks: list(reply({ name: text(), operation: text() })),
    },
  ),
};

/** The form of a channel's name. SPEC.md section 3.1. */
export const CHANNEL_NAME: Schema = text({
  minLength: 1,
  maxLength: LIMITS.channelLength,
  pattern: '^[A-Za-z0-9_\\-.~@$=+,]+(:[A-Za-z0-9_\\-.~@$=+,]+)*$',
  examples: ['chat:lobby'],
});

/** A channel, or a pattern of channels. SPEC.md section 3.2. */
export const CHANNEL_PATTERN: Schema = upTo(LIMITS.channelLength, 'A channel, or a pattern like chat:*');
