/** How frames are written as bytes. SPEC.md section 2. */
export interface Codec {
  readonly name: string;
  /** Offered in the WebSocket handshake as `Sec-WebSocket-Protocol`. RFC 6455 section 1.9. */
  readonly subprotocol: string;
  /** Do its frames travel as binary WebSocket messages (`true`) or as text? */
  readonly binary: boolean;
  /** Writes a frame: one message, or an array of messages. */
  encode(frame: unknown): string | Uint8Array;
  /**
   * Reads a frame.
   *
   * @throws when the data is not in this codec's format
   */
  decode(data: string | Uint8Array): unknown;
}
