import { RecordBuffer } from '../record-buffer.ts';

export type Frames = readonly Buffer[];

/** Frames that a socket has received and the runner has not read yet. A full buffer keeps the socket from being read. */
export class FrameBuffer {
  readonly #most: number;
  readonly #buffer = new RecordBuffer<Frames>();
  #waiting = 0;
  #drained: (() => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when there is room for more. */
  async push(frames: Frames): Promise<void> {
    this.#buffer.push(frames);
    this.#waiting += 1;
    if (this.#waiting < this.#most) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  async take(most: number): Promise<readonly Frames[]> {
    const taken = await this.#buffer.take(most);
    this.#waiting -= taken.length;
    this.#drained?.();
    return taken;
  }

  /** Returns how many frames nobody reads any more. */
  fail(error: unknown): number {
    const left = this.#waiting;
    this.#waiting = 0;
    this.#buffer.fail(error);
    this.#drained?.();
    return left;
  }
}
