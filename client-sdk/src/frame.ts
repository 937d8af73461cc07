import type { Codec, Command } from '@sluice/protocol';

// The gateway queues 1,000 commands at most while it verifies the token. SPEC.md section 8.1.
const COMMANDS = 500;

/** A frame, ready to be sent. */
export interface Frame {
  readonly data: string | Uint8Array;
  /** In bytes. */
  readonly size: number;
  /** How many of the commands it holds. */
  readonly count: number;
}

/** How a frame is written. */
export interface FrameFormat {
  readonly codec: Codec;
  /** Bytes. A single command that is larger gets a frame of its own nevertheless. */
  readonly limit: number;
}

/**
 * Writes as many commands as fit into one frame, from the first on.
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

/** As UTF-8, and without a `TextEncoder`, which not every platform has. JSON holds no lone surrogates. */
function byteLength(data: string | Uint8Array): number {
  if (typeof data !== 'string') return data.length;
  return data.replace(/[\x80-\u07ff\ud800-\udfff]/g, '..').replace(/[\u0800-\uffff]/g, '...').length;
}
