/** WebSocket frames as a client may write them, and as none should. RFC 6455 section 5.2. */

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WsFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** Is it the last of its message? Default: yes. */
  readonly fin?: boolean;
  /** Default: masked, with a key of zeros, which does not change the payload. */
  readonly masked?: boolean;
  /** The three bits that no extension of ours uses. */
  readonly reserved?: number;
  /** Announces another length than that of the payload. */
  readonly length?: number;
}

const KEY = Buffer.alloc(4);

/** Writes a frame. */
export function wsFrame({ opcode, payload, fin = true, masked = true, reserved = 0, length }: WsFrame): Buffer {
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const announced = length ?? payload.length;
  const head = Buffer.from([first, ...lengthOf(announced, masked ? 0x80 : 0)]);
  return Buffer.concat(masked ? [head, KEY, payload] : [head, payload]);
}

function lengthOf(length: number, mask: number): number[] {
  if (length < 126) return [mask | length];
  if (length < 65_536) return [mask | 126, length >> 8, length & 255];
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return [mask | 127, ...bytes];
}
