import type { Conditions } from '@sluice/protocol';
import type { Encodable, Part, Wire } from '../protocols/protocol.ts';
import type { Connection } from '../transport/connection.ts';
import type { MessageFilter } from './filters/message-filter.ts';

/**
 * How the pushes of some subscriptions differ from those of the others on the same channel and
 * wire: by a subscription id, by what they contain. To everything but the encoding it is an opaque
 * key.
 */
export interface Variant {
  /**
   * Names the variant: two variants with one key encode the same. Part of the topic's name; empty
   * for the plain variant.
   */
  readonly key: string;
  /** The subscription id in its pushes. SPEC.md section 4.3. */
  readonly sub?: number;
  /** The channel in its pushes, if that is not the channel of the log: a pattern. SPEC.md section 4.3. */
  readonly alias?: string;
  /** Its subscribers receive only the messages that fulfil conditions. */
  readonly filter?: MessageFilter;
  /** The conditions in `filter` that a hook has added. */
  readonly forced?: Conditions;
  /** What its subscribers receive instead of a message. Called once for each message and audience. */
  readonly view?: (message: Encodable) => Encodable;
}

/** The default: messages as they are, in pushes without a subscription id. */
export const PLAIN: Variant = Object.freeze({ key: '' });

/** A message as the subscribers of a variant receive it. */
export const viewOf = ({ view }: Variant, message: Encodable): Encodable =>
  view === undefined ? message : view(message);

/** Where the messages of a push come from. */
export interface PushOrigin {
  readonly channel: string;
  readonly epoch: string;
  /** Offset from which the push continues, if messages in between may not match. */
  readonly after?: number | undefined;
}

/** What `messages` pushes of a variant begin with. */
export function prefixOf({ sub, alias }: Variant, wire: Wire, { channel, epoch, after }: PushOrigin): Part {
  if (sub === undefined && after === undefined) return wire.prefix(channel, epoch);
  return wire.prefix(alias ?? channel, epoch, {
    ...(sub === undefined ? {} : { sub }),
    ...(after === undefined ? {} : { after }),
  });
}

/** Who joins an audience. */
export interface Listener {
  readonly wire: Wire;
  readonly connection: Pick<Connection, 'join' | 'leave'>;
}

/** Connections that receive the same bytes: one topic, encoded once for all of them. */
export class Audience {
  readonly wire: Wire;
  readonly variant: Variant;
  readonly topic: string;
  /** How many have joined. */
  live = 0;

  /** @param name of the topic, without wire and variant */
  constructor(wire: Wire, variant: Variant, name: string) {
    this.wire = wire;
    this.variant = variant;
    // "#" is in no channel's name.
    this.topic = variant.key === '' ? `${wire.id}${name}` : `${wire.id}${name}#${variant.key}`;
  }
}

/** The audiences of one channel, by wire and variant. */
export class Audiences<Kind extends Audience = Audience> implements Iterable<Kind> {
  readonly #create: (wire: Wire, variant: Variant) => Kind;
  /** Replaced when it changes, because arrays that grow have room for many more. Most channels have one audience. */
  #all: readonly Kind[] = [];

  constructor(create: (wire: Wire, variant: Variant) => Kind) {
    this.#create = create;
  }

  [Symbol.iterator](): Iterator<Kind> {
    return this.#all.values();
  }

  /** Does nobody receive anything? */
  get silent(): boolean {
    return this.#all.every(({ live }) => live === 0);
  }

  /** Adds a listener: from now on its connection receives what is published to the audience. */
  join({ wire, connection }: Listener, variant: Variant): void {
    let audience = this.find(wire, variant);
    if (audience === undefined) {
      audience = this.#create(wire, variant);
      this.#all = this.#all.concat(audience);
    }
    audience.live++;
    connection.join(audience.topic);
  }

  /** Removes a listener that joined. An audience that a client's choice created does not outlive its listeners. */
  leave({ wire, connection }: Listener, variant: Variant): void {
    const audience = this.find(wire, variant);
    if (audience === undefined) return;
    audience.live--;
    connection.leave(audience.topic);
    if (audience.live === 0 && variant.key !== '') this.#all = this.#all.filter((other) => other !== audience);
  }

  find(wire: Wire, { key }: Variant): Kind | undefined {
    return this.#all.find((audience) => audience.wire === wire && audience.variant.key === key);
  }
}
