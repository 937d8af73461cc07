import type { WebSocketLike } from '../socket.ts';

type Frame = string | ArrayBuffer | Uint8Array<ArrayBuffer>;

/** A WebSocket as streams, which Chromium has: as long as the page does not read, the peer has to wait. */
interface WebSocketStream {
  readonly opened: Promise<{ readonly readable: ReadableStream<Frame>; readonly writable: WritableStream<Frame> }>;
  readonly closed: Promise<{ readonly closeCode: number; readonly reason: string }>;
  close(info?: { closeCode?: number; reason?: string }): void;
}

export type WebSocketStreamConstructor = new (
  url: string,
  options: { readonly protocols: readonly string[] },
) => WebSocketStream;

/** The class, if this browser has it. */
export const findStreamClass = (): WebSocketStreamConstructor | undefined =>
  (globalThis as { WebSocketStream?: WebSocketStreamConstructor }).WebSocketStream;

export interface StreamSocketOptions {
  readonly protocols: readonly string[];
  /** Resolves when the next frame may be read. */
  readonly pace: () => Promise<void>;
}

/** A WebSocket that reads a frame only when it may: a slow one fills the buffers up to the gateway. */
export class StreamSocket implements WebSocketLike {
  binaryType = 'arraybuffer';
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly #stream: WebSocketStream;
  readonly #pace: () => Promise<void>;
  #writer: WritableStreamDefaultWriter<Frame> | undefined;
  #closing = false;

  constructor(Class: WebSocketStreamConstructor, url: string | URL, { protocols, pace }: StreamSocketOptions) {
    this.#stream = new Class(String(url), { protocols });
    this.#pace = pace;
    void this.#run();
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    // A write fails only if the connection is lost, which `closed` tells.
    this.#writer?.write(data).catch(() => {});
  }

  close(closeCode?: number, reason?: string): void {
    this.#closing = true; // what is still to come is not read slowly
    this.#stream.close({ ...(closeCode !== undefined && { closeCode }), ...(reason !== undefined && { reason }) });
  }

  async #run(): Promise<void> {
    // Not connected, or lost while reading: `closed` fails as well.
    await this.#read().catch(() => this.onerror?.({} as never));
    const { closeCode, reason } = await this.#stream.closed.catch(() => ({ closeCode: 1006, reason: '' }));
    this.onclose?.({ code: closeCode, reason } as never);
  }

  async #read(): Promise<void> {
    const { readable, writable } = await this.#stream.opened;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.onopen?.({} as never);
    const reader = readable.getReader();
    for (;;) {
      if (!this.#closing) await this.#pace();
      const { done, value } = await reader.read();
      if (done) return;
      this.onmessage?.({ data: value instanceof Uint8Array ? value.slice().buffer : value } as never);
    }
  }
}
