import { connect, type Socket } from 'node:net';
import { Pipe } from './pipe.ts';

/** The header that names the link of a WebSocket to the gateway. Its value is the connection's name. */
export const LINK_HEADER = 'x-sluice-link';

const END_OF_LINE = Buffer.from('\r\n');

/** How a link treats the bytes that pass through it. */
export interface LinkConditions {
  /** Milliseconds by which every byte is delayed, in each direction. */
  readonly delay: number;
  /** Are bytes to the client held back? */
  readonly stalled: boolean;
  /** Are bytes to the gateway held back? */
  readonly mute: boolean;
}

export const UNDISTURBED: LinkConditions = { delay: 0, stalled: false, mute: false };

/** One TCP connection between a client and the gateway, which the testing kit controls. */
export class Link {
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

  /** Called when both ends have closed. */
  onClosed(task: () => void): void {
    let open = 2;
    for (const socket of [this.#near, this.#far]) {
      socket.on('close', () => {
        if (--open === 0) task();
      });
    }
  }

  /** Applies these conditions from now on. */
  apply({ delay, stalled, mute }: LinkConditions): void {
    this.#toGateway.delay = delay;
    this.#toClient.delay = delay;
    this.#toGateway.hold(mute);
    this.#toClient.hold(stalled);
  }

  /**
   * Cuts the connection as a broken network does: without a close frame, and bytes in transit are
   * lost.
   */
  cut(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }
}

/** Writes the link's name after the first line of the first request. */
function signer(id: string): (chunk: Buffer) => Buffer | null {
  let head = Buffer.alloc(0);
  return (chunk) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(END_OF_LINE);
    if (end < 0) return null;
    const header = Buffer.from(`\r\n${LINK_HEADER}: ${id}`);
    return Buffer.concat([head.subarray(0, end), header, head.subarray(end)]);
  };
}
