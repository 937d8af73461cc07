import { once } from 'node:events';
import net from 'node:net';

/** A masked text frame with a mask of zeros. RFC 6455 section 5.2. */
function frameOf(command: object): Buffer {
  const payload = Buffer.from(JSON.stringify(command));
  const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([0x81, ...length]), Buffer.alloc(4), payload]);
}

/** A client that subscribes, and then reads nothing more from its socket. */
export class SlowReader {
  readonly #socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  /** @param url of the gateway */
  static async subscribe(url: string, { token, channel }: { token: string; channel: string }): Promise<SlowReader> {
    const { port, host } = new URL(url);
    const socket = net.connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    const handshake = [
      'GET /ws HTTP/1.1',
      `Host: ${host}`,
      ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: sluice.v1.json',
    ];
    socket.write(`${handshake.join('\r\n')}\r\n\r\n`);
    await once(socket, 'data');
    for (const command of [
      { type: 'connect', id: 1, token },
      { type: 'subscribe', id: 2, channel },
    ]) {
      socket.write(frameOf(command));
      await once(socket, 'data');
    }
    socket.pause();
    return new SlowReader(socket);
  }

  close(): void {
    this.#socket.destroy();
  }
}
