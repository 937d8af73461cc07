import type { Codec, Command } from '@sluice/protocol';

// The gateway queues at most 1,000 commands while it verifies the token. SPEC.md section 8.1.
const COMMANDS = 500;

/** An encoded frame. */
export interface Frame {
  readonly data: string | Uint8Array;
  /** In bytes. */
  readonly size: number;
  /** Number of commands in it. */
  readonly count: number;
}

/** Options of `packFrame`. */
export interface FrameFormat {
  readonly codec: Codec;
  /** Maximum bytes. A single larger command still gets a frame. */
  readonly limit: number;
}

/**
 * Encodes as many commands as fit into one frame, from the first on.
 *
 * @param commands at least one
 */
export function packFrame(commands: readonly Command[], { codec, limit }: FrameFormat): Frame {
  let count = Math.min(commands.length, COMMANDS);
  for (;;) {
    const data = codec.encode(count === 1 ? commands[0] : commands.slice(0, count));
    const size = byteLength(data);
    if (count === 1 || size <= limit) return { data, size, count };
    count = Math.ceil(count / 2);
  }
}

/** The size as UTF-8, without `TextEncoder`, which some platforms lack. JSON has no lone surrogates. */
function byteLength(data: string | Uint8Array): number {
  if (typeof data !== 'string') return data.length;
  // Two bytes, or three: `$1` is the third.
  return data.replace(/[\x80-\u07ff\ud800-\udfff]|([\u0800-\uffff])/g, '..$1').length;
}
