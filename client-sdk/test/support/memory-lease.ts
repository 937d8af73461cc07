import type { Lease } from '../../src/outbox/store.ts';

/** A lease on a disk, shared by all tabs of a test. */
export class MemoryLease {
  now: Lease = { tab: '', beat: 0 };
  /** While set, the disk fails. */
  broken = false;

  readonly use = async (alter: (lease: Lease) => Lease | undefined): Promise<Lease> => {
    if (this.broken) throw new Error('the disk cannot be used');
    this.now = alter(this.now) ?? this.now;
    return this.now;
  };
}
