import type { Command, ServerMessage } from '@sluice/protocol';
import WebSocket from 'ws';
import type { SocketClass } from '../chaos-user.ts';

/** Sees the messages of one connection, in both directions, before the SDK does. */
export interface Tap {
  sent(command: Command): void;
  received(message: ServerMessage): void;
  closed(): void;
}

/** A class of WebSockets whose connections have a tap each. They must use the JSON codec. */
export function tapped(createTap: () => Tap): SocketClass {
  return class extends WebSocket {
    readonly #tap: Tap = createTap();

    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.on('message', (data) => each<ServerMessage>(String(data), (message) => this.#tap.received(message)));
      this.on('close', () => this.#tap.closed());
    }

    override send(data: unknown, ...rest: unknown[]): void {
      each<Command>(String(data), (command) => this.#tap.sent(command));
      (super.send as (...all: unknown[]) => void)(data, ...rest);
    }
  };
}

/** A frame has one message, or a list of them. */
function each<Message>(frame: string, take: (message: Message) => void): void {
  for (const message of [JSON.parse(frame) as Message | Message[]].flat() as Message[]) take(message);
}
