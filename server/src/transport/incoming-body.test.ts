import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../util/byte-budget.ts';
import { TurnCount } from '../util/turn-count.ts';
import { MAX_BODY } from './http.ts';
import { IncomingBody } from './incoming-body.ts';

const PLENTY = 8 * MAX_BODY;

function receive(pieces: Iterable<Uint8Array>, limit = PLENTY) {
  const budget = new ByteBudget(limit);
  const body = new IncomingBody({ budget, pieces: new TurnCount(() => {}) });
  for (const piece of pieces) body.add(piece);
  return { body, budget };
}

function* many(count: number, size: number): Iterable<Uint8Array> {
  const piece = new Uint8Array(size).fill(1);
  for (let at = 0; at < count; at++) yield piece;
}

describe('a body', () => {
  it('is the concatenation of its pieces', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(pieces, async (parts) => {
        const { body, budget } = receive(parts.map((part) => Uint8Array.from(part)));
        body.end();
        expect(Buffer.from((await body.read()) as Uint8Array)).toEqual(Buffer.concat(parts));
        body.release();
        expect(budget.held).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('does not depend on later changes of a piece', async () => {
    const piece = Uint8Array.of(1, 2, 3);
    const { body } = receive([piece]);
    piece.fill(0);
    body.end();
    expect([...((await body.read()) as Uint8Array)]).toEqual([1, 2, 3]);
  });

  it.each([
    [MAX_BODY, 'whole'],
    [MAX_BODY + 1, 'too_large'],
  ])('of %i bytes is %s', async (size, outcome) => {
    const { body, budget } = receive(many(1, size));
    body.end();
    const read = await body.read();
    expect(typeof read === 'string' ? read : 'whole').toBe(outcome);
    expect(budget.held).toBe(outcome === 'whole' ? MAX_BODY : 0);
  });

  it.each([
    [1_024, 1, 'whole'],
    [1_025, 1, 'too_many_pieces'],
    [1_025, 127, 'too_many_pieces'],
    [8_192, 128, 'whole'],
  ])('of %i pieces of %i bytes is %s', async (count, size, outcome) => {
    const { body } = receive(many(count, size));
    body.end();
    const read = await body.read();
    expect(typeof read === 'string' ? read : 'whole').toBe(outcome);
  });

  it('uses at most twice the memory of the received bytes', () => {
    const { body, budget } = receive([]);
    expect(budget.held).toBe(0);
    let size = 0;
    for (const piece of many(100, 10_000)) {
      body.add(piece);
      size += piece.byteLength;
      expect(budget.held).toBeGreaterThanOrEqual(size);
      expect(budget.held).toBeLessThanOrEqual(Math.max(4_096, 2 * size));
    }
  });

  it('is dropped if there is no room, and then uses no memory', async () => {
    const { body, budget } = receive(many(2, 10_000), 19_999);
    expect([await body.read(), budget.held]).toEqual(['no_room', 0]);
    body.add(Uint8Array.of(1));
    body.end();
    body.cut();
    expect([await body.read(), budget.held]).toEqual(['no_room', 0]);
  });

  it('is cut off if its sender disconnects, and then uses no memory', async () => {
    const { body, budget } = receive(many(3, 1_000));
    const reading = body.read();
    body.cut();
    expect([await reading, budget.held]).toEqual(['cut_off', 0]);
  });

  it('is cut off for later readers if its sender disconnects after it is complete', async () => {
    const { body, budget } = receive(many(3, 1_000));
    body.end();
    body.cut();
    expect([await body.read(), budget.held]).toEqual(['cut_off', 0]);
  });

  it('resolves when it is complete', async () => {
    const { body } = receive(many(1, 5));
    const reading = body.read();
    expect(body.settled).toBe(false);
    body.add(Uint8Array.of(1));
    body.end();
    expect(await reading).toHaveLength(6);
  });
});

describe('all bodies together', () => {
  it('may arrive in at most 8,192 pieces per turn', () => {
    let endTurn = () => {};
    const pieces = new TurnCount((task) => {
      endTurn = task;
    });
    const limits = { budget: new ByteBudget(PLENTY), pieces };
    const bodies = Array.from({ length: 8 }, () => new IncomingBody(limits));
    for (const body of bodies) for (const piece of many(1_024, 1)) body.add(piece);
    expect(IncomingBody.mayComeInPieces(limits)).toBe(false);
    endTurn();
    expect(IncomingBody.mayComeInPieces(limits)).toBe(true);
  });
});
