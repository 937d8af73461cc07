import type { LoopbackSocket, Reader } from './loopback-socket.ts';

/** The client's end of a socket in memory: sends frames, and stores received ones. */
export class LoopbackClient implements Reader {
  /** Does it send binary frames? */
  readonly binary: boolean;
  /** The received frames that were not taken yet. */
  #frames: (string | Uint8Array)[] = [];
  #socket: LoopbackSocket | undefined;
  #closed: { code: number; reason: string } | undefined;
  /** Called with each frame, instead of storing it. */
  onFrame: ((frame: string | Uint8Array) => void) | undefined;
  onEnd: ((ending: { code: number; reason: string }) => void) | undefined;

  constructor(binary: boolean) {
    this.binary = binary;
  }

  attach(socket: LoopbackSocket): void {
    this.#socket = socket;
  }

  /** How the connection ended; undefined while it is open. */
  get closed(): { readonly code: number; readonly reason: string } | undefined {
    return this.#closed;
  }

  /** Bytes that the gateway buffers for this reader. */
  get held(): number {
    return this.#socket?.held ?? 0;
  }

  send(frame: string | Uint8Array): void {
    this.#socket?.take(frame);
  }

  /** Returns the frames received since the last call. */
  take(): readonly (string | Uint8Array)[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  /** Stops reading. */
  stall(): void {
    this.#socket?.stall();
  }

  /** Reads the buffered frames, and continues to read. */
  unstall(): void {
    this.#socket?.unstall();
  }

  /** Reads frames of at least this many bytes, and then stops. */
  read(bytes: number): void {
    this.#socket?.read(bytes);
  }

  /** Disconnects without a close frame. */
  cut(): void {
    this.#socket?.vanish();
  }

  receive(frame: string | Uint8Array, binary: boolean): void {
    if (binary !== this.binary)
      throw new Error(`the client uses ${binary ? 'text' : 'binary'} frames, but received the other kind`);
    const received = binary || typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
    if (this.onFrame === undefined) this.#frames.push(received);
    else this.onFrame(received);
  }

  ended(code: number, reason: string): void {
    this.#closed = { code, reason };
    this.onEnd?.(this.#closed);
  }
}
