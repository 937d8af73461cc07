import type { PublishResult } from '@sluice/protocol';
import { isReached, SOURCE_KEPT, type SourcePosition, sourceKey } from '../source-position.ts';

interface Reached {
  readonly position: string;
  readonly until: number;
  readonly result: PublishResult;
}

/** The highest positions that one channel has from each partition of each source. */
export class ReachedPositions {
  /** In the order of `until`. */
  readonly #reached = new Map<string, Reached>();

  get size(): number {
    return this.#reached.size;
  }

  /** The latest result of the partition, if it has reached the position. */
  recall(source: SourcePosition, now: number): PublishResult | undefined {
    const reached = this.#reached.get(sourceKey(source));
    if (reached === undefined || reached.until <= now) return undefined;
    return isReached(reached.position, source.position) ? reached.result : undefined;
  }

  remember(source: SourcePosition, time: number, result: PublishResult): void {
    const key = sourceKey(source);
    this.#reached.delete(key);
    this.#reached.set(key, { position: source.position, until: time + SOURCE_KEPT, result });
  }

  /** Forgets partitions that were not used for long. */
  forget(now: number): void {
    for (const [key, { until }] of this.#reached) {
      if (until > now) break;
      this.#reached.delete(key);
    }
  }
}
