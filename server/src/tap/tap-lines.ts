import type { TapEntry } from './tap-entry.ts';
import type { TapStream } from './tap-stream.ts';

/** What a tap reports: what nodes did, what they could not keep, which nodes do not answer, and the end. */
export type TapLine =
  | TapEntry
  | { readonly type: 'lost'; readonly node: string; readonly count: number }
  | { readonly type: 'missing'; readonly nodes: readonly string[] }
  | { readonly type: 'end'; readonly entries: number };

/** Lines that may wait for their reader before the tap waits, too. */
const MOST_WAITING = 1_000;

/** Iterates over the lines of a tap, which begins now. Leaving the loop ends it. */
export async function* linesOf(stream: TapStream): AsyncGenerator<TapLine, void> {
  let waiting: TapLine[] = [];
  let isOver = false;
  let wake = (): void => {};
  const listener = stream.open({
    write: (text) => {
      for (const line of String(text).split('\n')) if (line !== '') waiting.push(JSON.parse(line) as TapLine);
      wake();
      return waiting.length < MOST_WAITING;
    },
    end: () => {
      isOver = true;
      wake();
    },
  });
  try {
    while (!isOver || waiting.length > 0) {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const lines = waiting;
      waiting = [];
      yield* lines;
      if (lines.length >= MOST_WAITING) listener.drained();
    }
  } finally {
    if (!isOver) listener.closed();
  }
}
