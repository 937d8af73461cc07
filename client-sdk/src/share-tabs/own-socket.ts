import type { ConnectionSetup } from '../connection.ts';
import type { WebSocketConstructor } from '../socket.ts';

/** Stands in the worker for `socket-class.ts`: the tab gateway's connections are its own, so nothing is loaded lazily. */
export async function chooseSocketClass({ WebSocket }: ConnectionSetup): Promise<WebSocketConstructor | undefined> {
  return WebSocket;
}
