import type { Json } from '@sluice/protocol';

/** The content of a token, apart from its user. */
export interface TokenOptions {
  /** Capabilities: `{ 'chat:*': ['publish'] }`. */
  readonly caps?: Readonly<Record<string, readonly string[]>>;
  /** The claim `role`, for grants like `role:admin`. */
  readonly role?: string;
  /** The claim `info`, which other members see in presence. */
  readonly info?: Json;
  /** Further claims. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Milliseconds, or a text like `90s`, `10m`, by the gateway's clock. Default one hour. */
  readonly expiresIn?: number | string;
}

/** The options of a message. */
export interface DraftOptions {
  /** The kind of message, as defined by the application. */
  readonly event?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** The trace that it belongs to: a `traceparent` of W3C Trace Context. */
  readonly trace?: string;
  /** Idempotency key. */
  readonly key?: string;
}

/** The options of a user's message: the message's own, and the content of the user's token. */
export interface PublishAsOptions extends DraftOptions {
  readonly token?: TokenOptions;
}
