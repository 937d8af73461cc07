import { describe, expect, it } from 'vitest';
import { SharedReads } from './shared-reads.ts';

/** Reads that the test answers, in the order in which they were begun. */
function world() {
  const begun: { answer: (value: unknown) => void; fail: (error: Error) => void }[] = [];
  const read = () => new Promise<unknown>((answer, fail) => void begun.push({ answer, fail }));
  return { begun, read, reads: new SharedReads() };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('shared reads', () => {
  it('ask once for all who ask in one go, and answer all of them', async () => {
    const { begun, read, reads } = world();
    const asked = [reads.share('a', read), reads.share('a', read), reads.share('b', read)];
    await soon();
    expect(begun).toHaveLength(2);
    begun[0]?.answer('of a');
    begun[1]?.answer('of b');
    expect(await Promise.all(asked)).toEqual(['of a', 'of a', 'of b']);
  });

  it('never return an answer that was requested earlier', async () => {
    const { begun, read, reads } = world();
    const first = reads.share('a', read);
    await soon();
    const late = [reads.share('a', read), reads.share('a', read)];
    begun[0]?.answer('old');
    expect(await first).toBe('old');
    await soon();
    expect(begun).toHaveLength(2);
    begun[1]?.answer('new');
    expect(await Promise.all(late)).toEqual(['new', 'new']);
  });

  it('read again after a failure, which only its own callers receive', async () => {
    const { begun, read, reads } = world();
    const first = reads.share('a', read);
    const results = expect(first).rejects.toThrow('away');
    await soon();
    const late = reads.share('a', read);
    begun[0]?.fail(new Error('away'));
    await results;
    await soon();
    begun[1]?.answer('there');
    expect(await late).toBe('there');
    const later = reads.share('a', read);
    await soon();
    expect(begun).toHaveLength(3);
    begun[2]?.answer('again');
    expect(await later).toBe('again');
  });
});
