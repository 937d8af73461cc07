import { connect, type Socket } from 'node:net';
import { Pipe } from './pipe.ts';

/** By this header the gateway learns which line a WebSocket came in by; its value names the connection. */
export const LINE_HEADER = 'x-sluice-line';

const END_OF_LINE = Buffer.from('\r\n');

/** What a line does to the bytes that pass it. */
export interface Weather {
  /** Milliseconds that every byte takes, in each direction. */
  readonly delay: number;
  /** Does nothing reach the client any more? */
  readonly stalled: boolean;
  /** Does nothing reach the gateway any more? */
  readonly mute: boolean;
}

export const FAIR: Weather = { delay: 0, stalled: false, mute: false };

/** One TCP connection between a client and the gateway, which passes through the kit's hands. */
export class Line {
  readonly id: string;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #toGateway: Pipe;
  readonly #toClient: Pipe;

  /** @param port of the gateway, on this machine */
  constructor(id: string, near: Socket, port: number) {
    this.id = id;
    this.#near = near;
    this.#far = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#toGateway = new Pipe(near, this.#far, signer(id));
    this.#toClient = new Pipe(this.#far, near);
  }

  /** Calls back when both ends have closed. */
  onClosed(task: () => void): void {
    let open = 2;
    for (const socket of [this.#near, this.#far]) {
      socket.on('close', () => {
        if (--open === 0) task();
      });
    }
  }

  /** From now on the line is like this. */
  suffer({ delay, stalled, mute }: Weather): void {
    this.#toGateway.delay = delay;
    this.#toClient.delay = delay;
    this.#toGateway.hold(mute);
    this.#toClient.hold(stalled);
  }

  /** Cuts it as a broken network does: no goodbye, and what was on the way is lost. */
  cut(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }
}

/** Writes the line's name behind the first line of the first request that passes. */
function signer(id: string): (chunk: Buffer) => Buffer | null {
  let head = Buffer.alloc(0);
  return (chunk) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(END_OF_LINE);
    if (end < 0) return null;
    const header = Buffer.from(`\r\n${LINE_HEADER}: ${id}`);
    return Buffer.concat([head.subarray(0, end), header, head.subarray(end)]);
  };
}
