/** The few bytes of RFC 6455 that a load generator needs: it must cost less than the servers it measures. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/** A client's text frame. The mask is zero: allowed, and it spares the generator the masking. */
export function textFrame(text) {
  const payload = Buffer.from(text);
  const { length } = payload;
  return Buffer.concat([headOf(length), Buffer.alloc(4), payload]);
}

/** A masked text frame's head, RFC 6455, section 5.2: the length has 7, 16 or 64 bits. */
function headOf(length) {
  if (length < 126) return Buffer.from([0x81, 0x80 | length]);
  if (length < 65_536) return Buffer.from([0x81, 0xfe, length >>> 8, length & 0xff]);
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/**
 * Opens a WebSocket and hands every further chunk to `onBytes`, which may answer `false` to read no more. The chunk's
 * memory is reused: read it now or copy it.
 *
 * @returns the socket, once the handshake is over
 */
export function openSocket(port, onBytes, path = '/ws') {
  return new Promise((resolve, reject) => {
    let open = false;
    let head = '';
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: SHARED,
        callback: (length, buffer) => {
          if (open) {
            return onBytes(buffer.subarray(0, length)) !== false;
          }
          head += buffer.toString('latin1', 0, length);
          const end = head.indexOf('\r\n\r\n');
          if (end === -1) return true;
          if (!head.startsWith('HTTP/1.1 101')) reject(new Error(head.slice(0, end)));
          open = true;
          const rest = Buffer.from(head.slice(end + 4), 'latin1');
          resolve(socket);
          if (rest.length > 0) onBytes(rest);
          return true;
        },
      },
    });
    socket.on('error', reject);
    const key = randomBytes(16).toString('base64');
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
  });
}

/** Puts the text frames of a server together from chunks. */
export class FrameReader {
  #rest = Buffer.alloc(0);
  #onText;

  /** @param onText called with the text of each frame */
  constructor(onText) {
    this.#onText = onText;
  }

  read(chunk) {
    let bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const frame = firstFrame(bytes);
      if (frame === null) break;
      if (frame.opcode === 1) this.#onText(bytes.toString('utf8', frame.start, frame.end));
      bytes = bytes.subarray(frame.end);
    }
    this.#rest = bytes;
  }
}

/** Start and end of the payload of the first complete frame. RFC 6455 section 5.2; servers do not mask. */
function firstFrame(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return null;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return bytes.length < start + length ? null : { opcode: bytes[0] & 0x0f, start, end: start + length };
}

// One buffer for all sockets: Node fills it and calls back at once, one socket after the other.
const SHARED = Buffer.allocUnsafe(262_144);
