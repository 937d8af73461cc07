import { connect } from 'node:net';
import type { Dice } from '../../chaos/src/dice.ts';
import { after } from './after.ts';

export interface HttpSent {
  exchanges: number;
  bytes: number;
  answers: number;
  /** Answers of the 500s that are not 503 or 505. */
  failures: number;
  unclosed: number;
  readonly byKind: Map<string, number>;
}

interface Making {
  readonly dice: Dice;
  readonly apiKey: string;
}

/** What is written, piece by piece, and how many requests that is. */
interface Exchange {
  readonly pieces: readonly string[];
  readonly requests: number;
  /** Are the answers left unread? */
  readonly unread?: boolean;
}

const PATHS = [
  '/api/v1/publish',
  '/api/v1/revocations',
  '/health/live',
  '/health/ready',
  '/metrics',
  '/',
  '/ws',
  '/nowhere',
  '/..%2f..%2fetc',
  '/%00',
  '*',
];
const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE', 'get', 'FOO'];
const LENGTHS = ['0', '5', '29', '-1', '1e3', '0x10', '99999999', '18446744073709551616', '', '5, 5', ' 7'];
const BODY = '{"channel":"hostile:a","data":1}';

/** Milliseconds to wait for a response: most incomplete or invalid requests get none. */
const ANSWERED = 100;
/** Milliseconds until a connection that is still open counts as left open. */
const PATIENCE = 30_000;

const head = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const bearer = ({ dice, apiKey }: Making): string =>
  `Authorization: Bearer ${dice.pick([apiKey, apiKey, 'wrong', ''])}`;
const start = ({ dice }: Making): string => `${dice.pick(METHODS)} ${dice.pick(PATHS)} HTTP/1.1`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

function mutate(dice: Dice, text: string): string {
  const at = dice.whole(0, text.length);
  return (
    text.slice(0, at) +
    dice.pick(['\0', '\n', '\r', ' ', ':', '\u00ff', 'x', '\r\n\r\n']) +
    text.slice(at + dice.whole(0, 3))
  );
}

const EXCHANGES: { readonly [kind: string]: (making: Making) => Exchange } = {
  'a request': (making) => ({ pieces: [head([start(making), 'Host: x', bearer(making)])], requests: 1 }),
  'a publish': (making) => ({
    pieces: [
      head(['POST /api/v1/publish HTTP/1.1', 'Host: x', bearer(making), `Content-Length: ${BODY.length}`]) + BODY,
    ],
    requests: 1,
  }),
  'a publish, mutated': (making) => ({
    pieces: [
      mutate(
        making.dice,
        head(['POST /api/v1/publish HTTP/1.1', 'Host: x', bearer(making), `Content-Length: ${BODY.length}`]) + BODY,
      ),
    ],
    requests: 1,
  }),
  'a length that lies': (making) => ({
    pieces: [
      head([
        'POST /api/v1/publish HTTP/1.1',
        'Host: x',
        bearer(making),
        ...Array.from({ length: making.dice.whole(1, 2) }, () => `Content-Length: ${making.dice.pick(LENGTHS)}`),
      ]) + BODY,
    ],
    requests: 1,
  }),
  chunks: (making) => ({
    pieces: [
      head(['POST /api/v1/publish HTTP/1.1', 'Host: x', bearer(making), 'Transfer-Encoding: chunked']),
      ...Array.from({ length: making.dice.whole(1, 50) }, () => chunk(making.dice.pick(['1', ' ', BODY]))),
      making.dice.pick(['0\r\n\r\n', '0\r\nX: y\r\n\r\n', 'ffffffff\r\nx', '-1\r\n', 'zz\r\n', '']),
    ],
    requests: 1,
  }),
  'many small chunks at once': (making) => ({
    pieces: [
      head(['POST /api/v1/publish HTTP/1.1', 'Host: x', bearer(making), 'Transfer-Encoding: chunked']) +
        chunk(' ').repeat(making.dice.whole(1, 5_000)),
    ],
    requests: 1,
  }),
  'a pipeline': (making) => {
    const requests = making.dice.whole(2, making.dice.next() < 0.1 ? 200 : 10);
    const one = head([`GET ${making.dice.pick(PATHS)} HTTP/1.1`, 'Host: x']);
    return { pieces: [one.repeat(requests)], requests, unread: making.dice.next() < 0.3 };
  },
  'many headers': (making) => ({
    pieces: [
      head([
        start(making),
        'Host: x',
        ...Array.from(
          { length: making.dice.whole(10, 300) },
          (_, at) => `X-${at}: ${'h'.repeat(making.dice.whole(0, 60))}`,
        ),
      ]),
    ],
    requests: 1,
  }),
  'a long header': (making) => ({
    pieces: [head([start(making), 'Host: x', `Cookie: ${'c'.repeat(making.dice.whole(1_000, 40_000))}`])],
    requests: 1,
  }),
  'half a request': (making) => {
    const whole = head([start(making), 'Host: x', bearer(making), 'Content-Length: 10']);
    return { pieces: [whole.slice(0, making.dice.whole(1, whole.length))], requests: 1 };
  },
  'a handshake that is none': (making) => ({
    pieces: [
      head([
        'GET /ws HTTP/1.1',
        making.dice.pick(['Host: x', 'Host:', 'X: y']),
        'Upgrade: websocket',
        making.dice.pick(['Connection: Upgrade', 'Connection: close', 'X: y']),
        making.dice.pick(['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Key: x', 'X: y']),
        `Sec-WebSocket-Version: ${making.dice.pick(['13', '8', ''])}`,
        `Sec-WebSocket-Protocol: ${making.dice.pick(['sluice.v1.json', 'other', ',', 'x'.repeat(3_000)])}`,
        `Origin: ${making.dice.pick(['https://evil.example', 'null', 'file://', ''])}`,
      ]),
    ],
    requests: 1,
  }),
  bytes: ({ dice }) => ({
    pieces: [String.fromCharCode(...Array.from({ length: dice.whole(1, 300) }, () => dice.whole(0, 255)))],
    requests: 1,
  }),
};
const KINDS = Object.keys(EXCHANGES);

/** Makes one connection's worth of mangled HTTP, and waits for its end. */
export async function exchange(port: number, making: Making, sent: HttpSent): Promise<void> {
  const kind = making.dice.pick(KINDS);
  const { pieces, requests, unread = false } = (EXCHANGES[kind] as (making: Making) => Exchange)(making);
  const socket = connect(port, '127.0.0.1');
  sent.exchanges += requests;
  sent.byKind.set(kind, (sent.byKind.get(kind) ?? 0) + requests);
  socket.on('error', () => {}); // "close" reports it
  let own = 0;
  let answered = (): void => {};
  const enough = new Promise<void>((resolve) => {
    answered = resolve;
  });
  socket.on('data', (data) => {
    const text = data.toString('latin1');
    for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3})/g)) {
      sent.answers++;
      if (++own === requests) answered();
      if (status?.startsWith('5') === true && status !== '503' && status !== '505') sent.failures++;
    }
  });
  const closed = new Promise<true>((resolve) => socket.on('close', () => resolve(true)));
  if (unread) socket.pause();
  for (const piece of pieces) {
    sent.bytes += piece.length;
    socket.write(piece, 'latin1');
  }
  await Promise.race([closed, enough, after(unread ? 200 : ANSWERED)]);
  if (unread || making.dice.next() < 0.2) socket.destroy();
  else socket.end();
  if ((await Promise.race([closed, after(PATIENCE)])) === true) return;
  sent.unclosed++;
  socket.destroy();
}
