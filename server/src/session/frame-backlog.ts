import type { Command } from '@sluice/protocol';
import type { Refusal } from '../refusal.ts';
import { Deque } from '../util/deque.ts';

/** A frame that has not been read. */
export interface Frame {
  readonly data: string | Uint8Array;
  readonly size: number;
  /** Why the whole frame is refused. */
  readonly tooMuch: Refusal | null;
}

/** A command that has been read, with the bytes of its frame. */
export interface ReadCommand {
  readonly command: Command;
  readonly size: number;
}

/** Bytes that a waiting frame costs in addition to its own. */
const OVERHEAD = 100;

/** What a connection has sent and the gateway has not processed. Few connections ever have a backlog. */
export class FrameBacklog {
  readonly #frames = new Deque<Frame>();
  #frameBytes = 0;
  readonly #commands = new Deque<ReadCommand>();
  #commandBytes = 0;

  /** Bytes of the waiting frames, with their overhead. */
  get frameBytes(): number {
    return this.#frameBytes;
  }

  /** How many commands wait until the token is verified. They come before the frames. */
  get commands(): number {
    return this.#commands.length;
  }

  /** Bytes of the frames that these commands came in. */
  get commandBytes(): number {
    return this.#commandBytes;
  }

  addFrame({ data, size, tooMuch }: Frame): void {
    // A copy: the transport's bytes are valid only during the call.
    this.#frames.push({ data: typeof data === 'string' ? data : Uint8Array.from(data), size, tooMuch });
    this.#frameBytes += size + OVERHEAD;
  }

  takeFrame(): Frame | undefined {
    const frame = this.#frames.shift();
    if (frame !== undefined) this.#frameBytes -= frame.size + OVERHEAD;
    return frame;
  }

  /** @param bytes of its frame if it is the first command of that frame, otherwise 0 */
  addCommand(command: ReadCommand, bytes: number): void {
    this.#commands.push(command);
    this.#commandBytes += bytes;
  }

  takeCommand(): ReadCommand | undefined {
    return this.#commands.shift();
  }
}
