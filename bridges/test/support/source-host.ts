import type { SourceHost } from '../../src/systems.ts';

/** What a source has of a gateway, as a test sees it. Its clock stands still, so that notes are due at the first save, and when a connection ends. */
export class TestSourceHost implements SourceHost {
  readonly notes = new Map<string, string>();
  readonly clock: SourceHost['clock'] = {
    now: () => Date.now(),
    monotonic: () => 0,
    after: () => ({ cancel: () => {} }),
  };
  lost = 0;
  /** The gateway was killed: nothing is noted any more. */
  isKilled = false;
  readonly checkpoints = {
    read: async (partition: string) => this.notes.get(partition),
    create: async (partition: string, checkpoint: string) => {
      if (this.notes.has(partition)) return false;
      await this.checkpoints.save(partition, checkpoint);
      return true;
    },
    save: async (partition: string, checkpoint: string) => {
      if (this.isKilled) throw new Error('the gateway was killed');
      this.notes.set(partition, checkpoint);
    },
  };

  count(outcome: string, count: number): void {
    if (outcome === 'lost') this.lost += count;
  }

  moved(): void {}
}
