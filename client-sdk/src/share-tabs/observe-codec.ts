import { type Codec, type ConnectResult, json, type LeftPush, type ServerMessage } from '@sluice/protocol';

/** Receives messages of the upstream connection that the client's public API does not expose. */
export interface CodecObserver {
  connected(result: ConnectResult): void;
  left(push: LeftPush): void;
  /** @returns whether the upstream client must not see the message */
  settle(message: ServerMessage): boolean;
}

/** A codec that passes some messages of the gateway to an observer. */
export function observeCodec(observer: CodecObserver): Codec {
  const isForClient = (message: ServerMessage) => {
    if (observer.settle(message)) return false;
    if (message.type === 'left') observer.left(message);
    if (message.type === 'reply' && 'heartbeat' in message.result) observer.connected(message.result as ConnectResult);
    return true;
  };
  return {
    ...json,
    decode: (data) => ([json.decode(data)].flat() as ServerMessage[]).filter(isForClient),
  };
}
