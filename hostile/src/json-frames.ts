import type { Dice } from '../../chaos/src/dice.ts';
import { command, FORGIVEN, type Frames } from './commands.ts';

const SMALL = ['1', 'null', '[]', '{}', '""', '{"a":1}', '[[]]', '-0', '1e5', '"\\u0000"', 'true', '1.5'];
const NUMBERS = [
  '9007199254740993',
  '1e400',
  '-1e400',
  '0.12345678901234567890',
  '1'.repeat(400),
  '-',
  '1e',
  '01',
  '1.',
];
/** Texts that a scanner may read again and again in a long run. */
const RUNS = ['0', '.', '0.0', '1', '10', ' ', '\n', '\\', '\\"', '"', '1e', '-', '~4'];
const BYTES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '0',
  'e',
  '-',
  '\u0000',
  '\ufeff',
  '\u2028',
  '\ud800',
  'x',
  '~',
];

const many = (dice: Dice, piece: string, most = 20_000): string =>
  piece.repeat(dice.whole(1, Math.max(1, most / piece.length)));

function mutate(dice: Dice, text: string): string {
  const at = dice.whole(0, text.length);
  const piece = dice.pick(BYTES);
  switch (dice.whole(0, 3)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + piece + text.slice(at);
    case 2:
      return text.slice(0, at) + piece + text.slice(at + 1);
    default:
      return text.slice(0, at) + text.slice(at + dice.whole(1, 20));
  }
}

/** A value in place of a command or its data: deep, wide, long, or with numbers that JavaScript cannot represent. */
function oddValue(dice: Dice): string {
  const levels = dice.whole(1, 3_000);
  switch (dice.whole(0, 9)) {
    case 0:
      return '['.repeat(levels) + ']'.repeat(levels);
    case 1:
      return `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    case 2:
      return `[${`${dice.pick(SMALL)},`.repeat(dice.whole(1, FORGIVEN))}0]`;
    case 3:
      return `{${Array.from({ length: dice.whole(1, 1_000) }, (_, at) => `"k${at}":${at}`).join(',')}}`;
    case 4:
      return `{${many(dice, '"k":1,', 5_000)}"k":2}`;
    case 5:
      return `"${many(dice, dice.pick(['\\n', '\\u0041', '\\ud83d\\ude00', '\\\\', 'ü', 'x']), 5_000)}"`;
    case 6:
      return dice.pick(NUMBERS);
    case 7:
      return many(dice, dice.pick(RUNS), 100_000);
    case 8:
      return `{"__proto__":${dice.pick(SMALL)},"constructor":{"prototype":1},"toString":1}`;
    default:
      return '['.repeat(levels);
  }
}

/** Frames in JSON, by how they are made. */
export const JSON_FRAMES: Frames = {
  'json: a command': (dice, token) => JSON.stringify(command(dice, token)),
  'json: a command, mutated': (dice, token) => mutate(dice, JSON.stringify(command(dice, token))),
  'json: several commands': (dice, token) =>
    JSON.stringify(Array.from({ length: dice.whole(1, 20) }, () => command(dice, token))),
  'json: an odd value': (dice) => oddValue(dice),
  'json: an odd value as data': (dice) =>
    `{"type":"publish","id":${dice.whole(1, 99)},"channel":"hostile:a","data":${oddValue(dice)}}`,
  'json: an odd value among commands': (dice, token) => `[${JSON.stringify(command(dice, token))},${oddValue(dice)}]`,
};

/** Frames that end the connection: each holds more nonsense than is answered. */
export const LARGE_JSON: Frames = {
  'json: many small values': (dice) => `[${many(dice, `${dice.pick(SMALL)},`, 100_000)}0]`,
};
