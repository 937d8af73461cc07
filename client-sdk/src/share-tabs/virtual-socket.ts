import { type Codec, json } from '@sluice/protocol';
import type { WebSocketConstructor, WebSocketLike } from '../socket.ts';
import type { LinkSocket, Tab } from './tab.ts';

type Handler = ((event: never) => void) | null;
type Listener<Event> = ((event: Event) => void) | null;

export interface VirtualSocketSetup {
  readonly codec: Codec;
  /** Milliseconds. */
  readonly timeout: number;
  /** Used if no tab gateway is available. */
  readonly WebSocket: WebSocketConstructor;
}

/** Creates the WebSocket class of one client. Its sockets connect to the tab gateway. */
export function virtualSockets(tab: Tab, { codec, timeout, WebSocket }: VirtualSocketSetup): WebSocketConstructor {
  const isJson = codec.subprotocol === json.subprotocol;
  return class implements WebSocketLike, LinkSocket {
    binaryType = 'arraybuffer';
    onopen: Handler = null;
    onmessage: Handler = null;
    onclose: Handler = null;
    onerror: Handler = null;
    readonly url: string;
    readonly timeout = timeout;
    readonly #id: number = 0;

    constructor(url: string | URL, protocols?: string | string[]) {
      this.url = absolute(url);
      // biome-ignore lint/correctness/noConstructorReturn: a client that shares keeps one class for all its attempts
      if (tab.broken) return new WebSocket(url, protocols) as this;
      this.#id = tab.open(this);
    }

    send(data: string | Uint8Array): void {
      tab.send(this.#id, isJson ? (data as string) : JSON.stringify(codec.decode(data)));
    }

    close(): void {
      tab.close(this.#id);
    }

    opened(): void {
      (this.onopen as Listener<object>)?.({});
    }

    frame(text: string): void {
      (this.onmessage as Listener<object>)?.({ data: isJson ? text : codec.encode(json.decode(text)) });
    }

    closed(code: number, reason: string): void {
      (this.onclose as Listener<object>)?.({ code, reason });
    }
  };
}

/** Returns the absolute URL, because a worker has another base URL than the page. */
function absolute(url: string | URL): string {
  const { href } = new URL(url, globalThis.document?.baseURI);
  return href.replace(/^http/, 'ws');
}
