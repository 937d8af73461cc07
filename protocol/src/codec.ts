/** Encodes and decodes frames. SPEC.md section 2. */
export interface Codec {
  readonly name: string;
  /** Offered in the WebSocket handshake as `Sec-WebSocket-Protocol`. RFC 6455 section 1.9. */
  readonly subprotocol: string;
  /** Are its frames binary WebSocket messages (`true`) or text? */
  readonly binary: boolean;
  /** Encodes a frame: one message, or an array of messages. */
  encode(frame: unknown): string | Uint8Array;
  /**
   * Decodes a frame.
   *
   * @throws if the data is not in this codec's format
   */
  decode(data: string | Uint8Array): unknown;
}
