import type { Tags } from '@sluice/protocol';

/** A value of a checked option of a broker. Secrets are among them: never log one. */
export type BridgeOption = string | number | boolean | readonly string[] | undefined;
/** The checked options of one part of a bridge, by name. */
export type BridgeOptions = Readonly<Record<string, BridgeOption>>;

/** How the body of a message of the broker becomes `data`. */
export type DataFormat = 'json' | 'text' | 'base64' | 'cloudevents' | 'centrifugo';
/** How a message becomes one of the broker: CloudEvents in headers or in the body, or only the data. */
export type Envelope = 'cloudevents' | 'cloudevents-structured' | 'raw';

/** What happens to a message that cannot be published: it goes to a channel, is dropped, or stops the bridge. */
export type Poison =
  | { readonly kind: 'deadLetter'; readonly channel: string }
  | { readonly kind: 'skip' }
  | { readonly kind: 'stop' };

interface BridgeCommon {
  /** As in the configuration. */
  readonly name: string;
  /** The kind of broker, a key of `BRIDGE_SYSTEMS`. */
  readonly system: string;
  /** How to connect. */
  readonly connection: BridgeOptions;
  /**
   * Names this gateway or cluster in the header that keeps messages from going in circles. Absent: a
   * name that the engine keeps; see `BridgeHost.origin`.
   */
  readonly origin?: string;
  /** Most messages on their way at the same time. */
  readonly inFlight: number;
}

/** A bridge from a broker into channels. */
export interface InboundBridge extends BridgeCommon {
  readonly direction: 'in';
  /** What to read from the broker. */
  readonly from: BridgeOptions;
  readonly to: {
    /** A template, like `event` and the values of `tags`. */
    readonly channel: string;
    readonly event?: string;
    readonly tags?: Tags;
    readonly data: DataFormat;
  };
  readonly poison: Poison;
  /** Milliseconds for which ids of messages are remembered, for brokers without positions. */
  readonly dedupe: number;
}

/** A bridge from a channel to a broker. */
export interface OutboundBridge extends BridgeCommon {
  readonly direction: 'out';
  readonly from: { readonly channel: string };
  /** Where to send in the broker. */
  readonly to: BridgeOptions;
  readonly envelope: Envelope;
}

/** One resolved bridge of the configuration. */
export type BridgeConfig = InboundBridge | OutboundBridge;

/** The consumer group of an outbound bridge. No group of a channel rule can have such a name. */
export const groupOfBridge = (name: string): string => `bridge/${name}`;
