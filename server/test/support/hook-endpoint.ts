import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that an endpoint has received. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: { readonly [field: string]: unknown; readonly calls: readonly Record<string, unknown>[] };
}

/** Writes the answer to a request; its result, if any, is sent as JSON. */
export type Respond = (received: Received, response: ServerResponse) => unknown;

/** A service of the operator on this machine, which the gateway calls over HTTP. */
export class HookEndpoint {
  readonly requests: Received[] = [];
  readonly #server: Server;
  respond: Respond;
  /** Requests that have not been answered. */
  open = 0;
  /** The highest value of `open`. */
  mostOpen = 0;

  private constructor(respond: Respond) {
    this.respond = respond;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk));
      request.on('end', () => this.#answer(request.headers, Buffer.concat(chunks).toString(), response));
    });
  }

  static async start(respond: Respond): Promise<HookEndpoint> {
    const endpoint = new HookEndpoint(respond);
    endpoint.#server.listen(0, '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
  }

  #answer(headers: IncomingHttpHeaders, text: string, response: ServerResponse): void {
    const received: Received = { headers, text, body: JSON.parse(text) as Received['body'] };
    this.requests.push(received);
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.on('close', () => this.open--);
    const answer = this.respond(received, response);
    if (answer !== undefined) void Promise.resolve(answer).then((value) => response.end(JSON.stringify(value)));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
