import type { LoopbackSocket, Reader } from './loopback-socket.ts';

/** The client's end of a socket in memory: sends frames, keeps those that it read. */
export class LoopbackClient implements Reader {
  /** Does it speak in binary frames? */
  readonly binary: boolean;
  /** Everything that was read and not yet taken. */
  #frames: (string | Uint8Array)[] = [];
  #socket: LoopbackSocket | undefined;
  #closed: { code: number; reason: string } | undefined;
  /** Hears each frame at once, instead of having it kept. */
  onFrame: ((frame: string | Uint8Array) => void) | undefined;
  onEnd: ((ending: { code: number; reason: string }) => void) | undefined;

  constructor(binary: boolean) {
    this.binary = binary;
  }

  attach(socket: LoopbackSocket): void {
    this.#socket = socket;
  }

  /** How the connection ended; undefined while it stands. */
  get closed(): { readonly code: number; readonly reason: string } | undefined {
    return this.#closed;
  }

  /** Bytes that the gateway holds for this reader. */
  get held(): number {
    return this.#socket?.held ?? 0;
  }

  send(frame: string | Uint8Array): void {
    this.#socket?.take(frame);
  }

  /** Hands out what was read since the last call. */
  take(): readonly (string | Uint8Array)[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  /** Stops reading. */
  stall(): void {
    this.#socket?.stall();
  }

  /** Reads what waits, and goes on reading. */
  unstall(): void {
    this.#socket?.unstall();
  }

  /** Reads some frames, at least so many bytes, without going on. */
  read(bytes: number): void {
    this.#socket?.read(bytes);
  }

  /** Vanishes without a goodbye. */
  cut(): void {
    this.#socket?.vanish();
  }

  receive(frame: string | Uint8Array, binary: boolean): void {
    if (binary !== this.binary)
      throw new Error(`a ${binary ? 'binary' : 'text'} message to a client of the other kind`);
    const received = binary || typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
    if (this.onFrame === undefined) this.#frames.push(received);
    else this.onFrame(received);
  }

  ended(code: number, reason: string): void {
    this.#closed = { code, reason };
    this.onEnd?.(this.#closed);
  }
}
