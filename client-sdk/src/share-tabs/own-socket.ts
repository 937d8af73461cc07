import type { ConnectionSetup } from '../connection.ts';
import type { WebSocketConstructor } from '../socket.ts';

/** Replaces `socket-class.ts` in the worker, which has its own connections and loads nothing lazily. */
export async function chooseSocketClass({ WebSocket }: ConnectionSetup): Promise<WebSocketConstructor | undefined> {
  return WebSocket;
}
