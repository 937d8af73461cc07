/** The options that bridges of all systems share. */

import { z } from 'zod';
import { option } from '../options/option.ts';
import { DAY, duration, MINUTE, oneOf, text, whole } from '../values.ts';

/** The options of a bridge besides its system, `from` and `to`. */
export const BRIDGE_OPTIONS = {
  inFlight: option({
    schema: whole({ min: 1, max: 10_000 }),
    default: 256,
    defaultText: '`256`',
    type: 'number',
    description: 'Maximum messages that are read and not yet published, or sent and not yet confirmed.',
  }),
  origin: option({
    schema: text('a name for this gateway or cluster'),
    defaultText: 'a name that the engine keeps',
    type: 'text',
    description:
      'Value of the header `sluice-origin` of messages that are sent. A bridge drops messages that come back to a channel of their own origin, so that bridges in both directions make no circle. Gateways that share no engine need different names, or each drops what the others send.',
  }),
};

/** The options of a bridge that reads from a broker. */
export const INBOUND_OPTIONS = {
  dedupe: option({
    schema: duration({ min: MINUTE, max: 30 * DAY }),
    default: 7 * DAY,
    defaultText: '`7d`',
    type: 'duration',
    description:
      'How long ids of messages are remembered, for brokers without positions. It must be longer than the broker may take to deliver a message again.',
  }),
};

/** `poison` of a bridge that reads from a broker, if it is an object. */
export const POISON_OPTIONS = {
  deadLetter: option({
    schema: text('a channel, like "bridge-dead"'),
    required: true,
    defaultText: 'required',
    type: 'channel',
    description: 'The channel to which messages go that cannot be published, with the reason and their position.',
  }),
};

/** `to` of a bridge that reads from a broker. */
export const INBOUND_TO_OPTIONS = {
  channel: option({
    schema: text('a channel, like "orders:{key}"'),
    required: true,
    defaultText: 'required',
    type: 'template',
    description: 'The channel. A placeholder in a longer text becomes one segment of the name.',
  }),
  event: option({
    schema: text('an event, like "{header:type}"'),
    defaultText: 'none',
    type: 'template',
    description: 'The event of the message.',
  }),
  tags: option({
    schema: z
      .record(z.string(), z.string(), {
        error: 'must be an object of names and templates. Example: { region: "{header:region}" }',
      })
      .readonly(),
    defaultText: 'none',
    type: 'templates by name',
    description: 'The tags of the message. A tag whose placeholder has no value is left out.',
  }),
  data: option({
    schema: oneOf(['json', 'text', 'base64', 'cloudevents', 'centrifugo']),
    default: 'json',
    defaultText: '`json`',
    type: '`json`, `text`, `base64`, `cloudevents`, `centrifugo`',
    description:
      'How the body becomes `data`. `cloudevents`: CloudEvents 1.0 in headers or in the body. `centrifugo`: the commands and headers of its consumers, which have channel and tags: leave out the other options of `to`.',
  }),
};

/** `from` of a bridge that sends to a broker. */
export const OUTBOUND_FROM_OPTIONS = {
  channel: option({
    schema: text('a channel, like "audit"'),
    required: true,
    defaultText: 'required',
    type: 'channel',
    description: 'The channel, whose rule needs `history`. To send several channels, use one that binds them.',
  }),
  start: option({
    schema: oneOf(['oldest', 'newest']),
    default: 'oldest',
    defaultText: '`oldest`',
    type: '`oldest`, `newest`',
    description: 'Where the bridge begins when it runs for the first time: at the oldest message, or after the newest.',
  }),
};

/** `to` of every bridge that sends to a broker. */
export const OUTBOUND_TO_OPTIONS = {
  envelope: option({
    schema: oneOf(['cloudevents', 'cloudevents-structured', 'raw']),
    default: 'cloudevents',
    defaultText: '`cloudevents`',
    type: '`cloudevents`, `cloudevents-structured`, `raw`',
    description: 'CloudEvents 1.0 with the attributes in headers, or in the body; or only the data.',
  }),
};

/** `to.unroutable` of the systems that tell a bridge that nothing accepts a message. */
export const UNROUTABLE_OPTION = option({
  schema: oneOf(['wait', 'deadLetter']),
  default: 'wait',
  defaultText: '`wait`',
  type: '`wait`, `deadLetter`',
  description:
    'What happens to a message that nothing accepts. `wait`: it is tried until something does, and the messages behind it wait. `deadLetter`: it becomes a dead letter of the group of the bridge, which goes on.',
});
