import { connect } from 'node:net';
import { after } from './after.ts';
import { cpuTime } from './cpu-time.ts';
import { handshake } from './handshake.ts';
import { OPCODES, wsFrame } from './ws-frames.ts';

/** Bytes of a frame: a little less than the gateway accepts. */
const SIZE = 130_000;
/** Milliseconds of CPU time that one frame of an unauthenticated client may cost: SECURITY.md. */
const ALLOWED = 50;
/** A frame is sent so often, and the cheapest counts: code that is cold and garbage of others are not its cost. */
const TRIES = 3;
/** Milliseconds for the gateway to answer or close. */
const PATIENCE = 30_000;

/** Pieces that fill a frame: a decoder, scanner or check may read them more than once. */
const PIECES: readonly string[] = [
  ...[
    '0',
    '.',
    '1',
    '9',
    '0.0',
    '10',
    '1e1',
    '-',
    '1e',
    '12345678901234567,',
    `${'1'.repeat(18)},`,
    `1${'0'.repeat(40)},`,
  ],
  ...[
    ' ',
    '\n',
    '"',
    '\\',
    '\\"',
    '\\u0041',
    '"",',
    '"\\',
    'ü',
    '\u2028',
    'e',
    '~',
    '~41',
    ':',
    'a:',
    '{',
    '[',
    '[]',
    '{}',
    '{"a":',
    '1,',
    'null,',
  ],
];
const AROUND: readonly (readonly [string, string])[] = [
  ['', ''],
  ['["', '"]'],
  ['[', '0]'],
  ['{"type":"connect","id":1,"token":"', '"}'],
  ['{"type":"publish","id":1,"channel":"', '"}'],
  ['{"type":"connect","id":', '}'],
];
const BYTES = [
  '01',
  '90',
  '91',
  '80',
  '81a161',
  'c0',
  'dc0001',
  'dd00000001',
  'df00000001a161',
  'a0',
  'a161',
  'd900',
  'cb',
  'cf',
  'd90130',
];

function frames(): { readonly name: string; readonly binary: boolean; readonly payload: Buffer }[] {
  const text = PIECES.flatMap((piece) =>
    AROUND.map(([before, behind]) => ({
      name: `${before}${piece} …${behind}`,
      binary: false,
      payload: Buffer.from(`${before}${piece.repeat(SIZE / Buffer.byteLength(piece))}${behind}`),
    })),
  );
  const bytes = BYTES.flatMap((piece) =>
    ['', 'dd0001ffff', '82a474797065a7636f6e6e656374a5746f6b656edb0001ffff'].map((before) => ({
      name: `${before} ${piece} …`,
      binary: true,
      payload: Buffer.from(before + piece.repeat((2 * SIZE) / piece.length), 'hex'),
    })),
  );
  return [...text, ...bytes];
}

/**
 * Sends each frame alone, from a connection that has not authenticated, and compares the gateway's
 * CPU time with the limit.
 *
 * @returns the number of frames, the highest cost in milliseconds, and the frames above the limit
 */
export async function trySingleFrames(port: number, pid: number | undefined) {
  let slowest = 0;
  const faults: string[] = [];
  const all = frames();
  for (const { name, binary, payload } of all) {
    let cost = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < TRIES && cost > ALLOWED / 2; attempt++) {
      cost = Math.min(cost, await costOf(port, pid, { binary, payload }));
    }
    slowest = Math.max(slowest, cost);
    if (cost > ALLOWED) faults.push(`one frame of ${payload.length} bytes cost ${cost} ms: ${name}`);
  }
  return { frames: all.length, slowest, faults };
}

async function costOf(port: number, pid: number | undefined, frame: { binary: boolean; payload: Buffer }) {
  const before = cpuTime(pid);
  const { binary, payload } = frame;
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.on('error', () => {}).on('close', () => resolve()));
  const heard = () => Promise.race([new Promise((resolve) => socket.once('data', resolve)), closed, after(PATIENCE)]);
  socket.write(handshake(binary));
  await heard();
  const answer = heard();
  socket.write(wsFrame({ opcode: binary ? OPCODES.binary : OPCODES.text, payload }));
  await answer;
  socket.destroy();
  await closed;
  return cpuTime(pid) - before;
}
