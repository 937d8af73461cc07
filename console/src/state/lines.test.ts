import { describe, expect, it } from 'vitest';
import { linesOf } from './lines.ts';

async function read(...pieces: readonly Uint8Array[]): Promise<unknown[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const lines: unknown[] = [];
  for await (const some of linesOf(stream)) lines.push(...some);
  return lines;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('lines of JSON', () => {
  it.each([
    ['whole lines', ['{"a":1}\n{"a":2}\n'], [{ a: 1 }, { a: 2 }]],
    ['a line in pieces', ['{"a', '":1', '}\n'], [{ a: 1 }]],
    ['empty lines', ['\n\n{"a":1}\n\n'], [{ a: 1 }]],
    ['a line without an end: it may be half', ['{"a":1}\n{"a":2'], [{ a: 1 }]],
  ])('are read from %s', async (_, pieces, lines) => {
    expect(await read(...pieces.map(bytes))).toEqual(lines);
  });

  it('keep characters whose bytes are in two pieces', async () => {
    const whole = bytes('"Zürich"\n');
    expect(await read(whole.slice(0, 3), whole.slice(3))).toEqual(['Zürich']);
  });
});
