import { type Codec, type ConnectResult, json, type LeftPush, type ServerMessage } from '@sluice/protocol';

/** Receives messages of the upstream connection that the client's public API does not expose. */
export interface CodecObserver {
  connected(result: ConnectResult): void;
  left(push: LeftPush): void;
}

/** A codec that passes some messages of the gateway to an observer. */
export function observeCodec(observer: CodecObserver): Codec {
  const observe = (message: ServerMessage) => {
    if (message.type === 'left') observer.left(message);
    if (message.type === 'reply' && 'heartbeat' in message.result) observer.connected(message.result as ConnectResult);
  };
  return {
    ...json,
    decode(data) {
      const frame = json.decode(data);
      for (const message of Array.isArray(frame) ? frame : [frame]) observe(message as ServerMessage);
      return frame;
    },
  };
}
