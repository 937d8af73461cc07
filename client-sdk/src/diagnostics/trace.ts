import type { Codec } from '@sluice/protocol';
import type { ClientEvents } from '../api.ts';
import type { WebSocketConstructor, WebSocketLike } from '../socket.ts';
import { decodeFrame, describeMessage } from './describe-frame.ts';

/** The part of a client that the log uses: it listens passively, so that errors still count as unhandled. */
export interface Traced {
  on(
    name: 'state',
    handler: (change: ClientEvents['state']) => void,
    options: { readonly passive: boolean },
  ): () => void;
}

interface TraceSetup {
  /** The WebSocket class; `undefined` is the global one. */
  readonly WebSocket: WebSocketConstructor | undefined;
  readonly codec: Codec;
}

/**
 * Logs the state changes and messages of a client. Each message appears with its direction, type,
 * channel, offsets and frame size.
 *
 * @returns a logging WebSocket class for the client to connect with
 */
export function trace(client: Traced, { WebSocket, codec }: TraceSetup): WebSocketConstructor {
  log('debug: frames and states, without tokens and data');
  client.on(
    'state',
    ({ state, error, retryIn }) => {
      const pause = retryIn === undefined ? '' : `, next attempt in ${retryIn} ms`;
      log(`state ${state}${pause}${error === undefined ? '' : ` (${error.name}: ${error.message})`}`);
    },
    { passive: true },
  );
  const open = (url: string | URL, protocols?: string | string[]) => {
    const Class = WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor);
    return logFrames(new Class(url, protocols), codec);
  };
  return class {
    constructor(url: string | URL, protocols?: string | string[]) {
      // biome-ignore lint/correctness/noConstructorReturn: the socket is of another class
      return open(url, protocols);
    }
  } as unknown as WebSocketConstructor;
}

/** The same socket, with its frames logged. */
function logFrames(socket: WebSocketLike, codec: Codec): WebSocketLike {
  const show = (arrow: string, data: string | Uint8Array) => {
    const size = data.length;
    for (const message of decodeFrame(codec, data)) log(`${arrow} ${describeMessage(message)} [${size}]`);
  };
  return new Proxy(socket, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'send') {
        return (data: string | Uint8Array<ArrayBuffer>) => {
          show('→', data);
          target.send(data);
        };
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => {
      const wrapped = name === 'onmessage' && typeof value === 'function' ? listen(value, show) : value;
      return Reflect.set(target, name, wrapped, target);
    },
  });
}

type OnMessage = (event: { readonly data: string | ArrayBuffer }) => void;

function listen(handler: OnMessage, show: (arrow: string, data: string | Uint8Array) => void): OnMessage {
  return (event) => {
    const { data } = event;
    show('←', typeof data === 'string' ? data : new Uint8Array(data));
    handler(event);
  };
}

function log(text: string): void {
  globalThis.console?.info(`[sluice] ${text}`);
}
