import { once } from 'node:events';
import net from 'node:net';

/** A minimal hand-written WebSocket client (RFC 6455) for tests of slow or misbehaving clients. */
export class RawSocket {
  readonly socket: net.Socket;
  #received: Buffer = Buffer.alloc(0);
  #frames: { opcode: number; payload: Buffer }[] = [];
  #handshake: string | undefined;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('error', () => {}); // "close" reports it too
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#parse();
      this.#wake();
    });
    this.socket.on('close', () => this.#wake());
  }

  /** Sends raw text. */
  write(text: string): void {
    this.socket.write(text);
  }

  /** Sends a WebSocket handshake. Resolves with the head of the answer. */
  async upgrade(headers = ''): Promise<string> {
    this.write(
      `GET /ws HTTP/1.1\r\nHost: gateway.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${headers}` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await this.until(() => this.#handshake !== undefined || this.socket.destroyed);
    return this.#handshake ?? '';
  }

  /** The head of a plain HTTP answer, whose body must have a length. */
  async response(): Promise<string> {
    const end = () => this.#received.indexOf('\r\n\r\n');
    await this.until(() => end() !== -1);
    const head = this.#received.subarray(0, end()).toString('latin1');
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const whole = end() + 4 + length;
    await this.until(() => this.#received.length >= whole);
    this.#received = this.#received.subarray(whole);
    return head;
  }

  /** Sends a frame from the client: masked, with a mask of zeros. */
  send(payload: string | Uint8Array, opcode = 1): void {
    const body = Buffer.from(payload);
    const head =
      body.length < 126
        ? Buffer.from([0x80 | opcode, 0x80 | body.length])
        : body.length < 65_536
          ? Buffer.from([0x80 | opcode, 0x80 | 126, body.length >>> 8, body.length & 0xff])
          : Buffer.from([
              0x80 | opcode,
              0x80 | 127,
              0,
              0,
              0,
              0,
              ...new Uint8Array(new Uint32Array([body.length]).buffer).toReversed(),
            ]);
    this.socket.write(Buffer.concat([head, Buffer.alloc(4), body]));
  }

  /** The received text that is not parsed yet. */
  get text(): string {
    return this.#received.toString('latin1');
  }

  /** Removes and returns all parsed frames. */
  take(): { opcode: number; payload: Buffer }[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  /** Waits until the condition holds; checks it whenever data arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async opened(): Promise<this> {
    if (this.socket.connecting) await once(this.socket, 'connect');
    return this;
  }

  #parse(): void {
    if (this.#handshake === undefined && this.#received.toString('latin1', 0, 12) === 'HTTP/1.1 101') {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end === -1) return;
      this.#handshake = this.#received.toString('latin1', 0, end);
      this.#received = this.#received.subarray(end + 4);
    }
    if (this.#handshake !== undefined) while (this.#parseFrame());
  }

  #parseFrame(): boolean {
    const [first = 0, second = 0] = this.#received;
    if (this.#received.length < 2) return false;
    const short = second & 0x7f;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (this.#received.length < head) return false;
    const length =
      short === 126
        ? this.#received.readUInt16BE(2)
        : short === 127
          ? Number(this.#received.readBigUInt64BE(2))
          : short;
    if (this.#received.length < head + length) return false;
    this.#frames.push({ opcode: first & 0x0f, payload: Buffer.from(this.#received.subarray(head, head + length)) });
    this.#received = this.#received.subarray(head + length);
    return true;
  }
}
