import type { HttpStream, StreamBody, StreamListener } from './http.ts';
import type { Answering } from './uws-reply.ts';

/** The methods of a native response that a stream needs. */
export type Streaming = Pick<Answering, 'cork' | 'close' | 'onWritable'> & {
  write(chunk: string | Uint8Array): boolean;
  end(): unknown;
};

/**
 * A chunked response over a native response whose head was written. Inside of a cork, `write`
 * reports the result of the write before, so at most one write more than the reader accepts is made
 * before that is known.
 *
 * While uWebSockets.js buffers bytes for a reader, it sends them only together with new ones. So
 * whenever there is room for more, the filler of the body is written.
 */
export class UwsStream implements HttpStream {
  #response: Streaming | undefined;
  readonly #body: StreamBody;
  #listener: StreamListener | undefined;
  #behind = false;

  constructor(response: Streaming, body: StreamBody) {
    this.#response = response;
    this.#body = body;
    response.onWritable(() => this.#writable());
    this.#listener = body.open(this);
  }

  write(bytes: string | Uint8Array): boolean {
    const response = this.#response;
    if (response === undefined) return false;
    let took = false;
    response.cork(() => {
      took = response.write(bytes);
    });
    this.#behind = !took;
    return took;
  }

  #writable(): boolean {
    const wasBehind = this.#behind;
    if (!this.write(this.#body.filler)) return false;
    if (wasBehind) this.#listener?.drained();
    return true;
  }

  end(): void {
    const response = this.#response;
    this.#response = undefined;
    this.#listener = undefined;
    response?.cork(() => response.end());
  }

  /** Its client has disconnected: the response must not be used any more. */
  cut(): void {
    this.#response = undefined;
    this.#listener?.closed();
    this.#listener = undefined;
  }
}
