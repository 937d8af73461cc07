import { RecordBuffer } from '../record-buffer.ts';

export type Frames = readonly Buffer[];

/** Bytes that wait for the runner at most, and one message more. */
const LARGEST = 16_777_216;

export interface FrameBufferOptions {
  /** Messages that wait for the runner at most. */
  readonly most: number;
  /** Nobody takes a message that was received. */
  readonly onLost: () => void;
}

/** Messages that a socket has received and the runner has not read yet. A full buffer keeps the socket from being read. */
export class FrameBuffer {
  readonly #options: FrameBufferOptions;
  readonly #buffer = new RecordBuffer<Frames>();
  #waiting = 0;
  #bytes = 0;
  #hasFailed = false;
  #drained: (() => void) | undefined;

  constructor(options: FrameBufferOptions) {
    this.#options = options;
  }

  /** Resolves when there is room for more. */
  async push(frames: Frames): Promise<void> {
    if (this.#hasFailed) {
      this.#options.onLost();
      return;
    }
    this.#buffer.push(frames);
    this.#waiting += 1;
    this.#bytes += sizeOf(frames);
    while (this.#waiting >= this.#options.most || this.#bytes >= LARGEST) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
  }

  async take(most: number): Promise<readonly Frames[]> {
    const taken = await this.#buffer.take(most);
    this.#waiting -= taken.length;
    for (const frames of taken) this.#bytes -= sizeOf(frames);
    this.#drained?.();
    return taken;
  }

  /** Ends the buffer: what waits in it, or comes later, is lost. */
  fail(error: unknown): void {
    this.#hasFailed = true;
    for (; this.#waiting > 0; this.#waiting--) this.#options.onLost();
    this.#bytes = 0;
    this.#buffer.fail(error);
    this.#drained?.();
  }
}

/** Bytes that a frame needs besides its content: a peer may send a message of a million empty frames. */
const FRAME = 128;

/** Bytes that a message needs, about. */
export const sizeOf = (frames: Frames): number => frames.reduce((size, frame) => size + frame.length + FRAME, 0);
