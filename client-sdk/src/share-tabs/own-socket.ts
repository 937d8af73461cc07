import type { WebSocketConstructor } from '../socket.ts';
import type { SocketClassSetup } from '../socket-class.ts';

/** Replaces `socket-class.ts` in the worker, which has its own connections and loads nothing lazily. */
export async function chooseSocketClass({ WebSocket }: SocketClassSetup): Promise<WebSocketConstructor | undefined> {
  return WebSocket;
}
