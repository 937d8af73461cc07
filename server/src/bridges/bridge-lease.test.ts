import { describe, expect, it } from 'vitest';
import { EngineUnavailable, type Log } from '../engine/engine.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { ManualClock } from '../util/clock.ts';
import { BridgeLease, LEASE } from './bridge-lease.ts';

const settle = async () => {
  for (let at = 0; at < 20; at++) await Promise.resolve();
};

/** A node that wants the lease; its engine can be cut off. */
class Node {
  readonly clock: ManualClock;
  readonly stop = new AbortController();
  readonly lease: BridgeLease;
  isCutOff = false;
  /** Does the engine have a bug? */
  isBroken = false;
  /** Appends wait for it. */
  gate: Promise<void> | undefined;
  /** Reads wait for them, before the engine has answered and after it. */
  beforeRead: Promise<void> | undefined;
  afterRead: Promise<void> | undefined;
  /** The answers to appends wait for it. */
  afterAppend: Promise<void> | undefined;
  lost: AbortSignal | undefined;

  constructor(engine: MemoryEngine, clock: ManualClock) {
    this.clock = clock;
    const through = <T>(act: () => T): T => {
      if (this.isBroken) throw new Error('a bug');
      if (this.isCutOff) throw new EngineUnavailable('the engine is away');
      return act();
    };
    const log: Log = {
      append: async (...args) => {
        await this.gate;
        const appended = await through(() => engine.append(...args));
        await this.afterAppend;
        return appended;
      },
      read: async (...args) => {
        await this.beforeRead;
        const found = await through(() => engine.read(...args));
        await this.afterRead;
        return found;
      },
      seek: (...args) => engine.seek(...args),
      watch: () => {},
      unwatch: () => {},
    };
    this.lease = new BridgeLease({ log, clock, bridge: 'b' });
    void this.#compete();
  }

  async #compete(): Promise<void> {
    if (await this.lease.acquire(this.stop.signal)) this.lost = this.lease.hold();
  }

  get holds(): boolean {
    return this.lost !== undefined && !this.lost.aborted;
  }
}

async function advance(clock: ManualClock, duration: number): Promise<void> {
  for (let passed = 0; passed < duration; passed += 500) {
    clock.advance(500);
    await settle();
  }
}

function setUp() {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  engine.start({ deliver: () => {} });
  return { clock, join: () => new Node(engine, clock) };
}

describe('the lease of a bridge', () => {
  it('is acquired at once if nobody holds it, and kept', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join(), join()];
    await settle();
    expect([a.holds, b.holds].filter(Boolean)).toHaveLength(1);
    await advance(clock, 10 * LEASE);
    expect([a.holds, b.holds].filter(Boolean)).toHaveLength(1);
  });

  it('is known to be gone by a node that was paused, if it asks', async () => {
    const engine = new MemoryEngine();
    engine.start({ deliver: () => {} });
    const paused = new Node(engine, new ManualClock());
    await advance(paused.clock, 10_000);
    expect([paused.holds, await paused.lease.isHeld()]).toEqual([true, true]);
    const other = new Node(engine, new ManualClock());
    await advance(other.clock, LEASE + 10_000);
    expect([paused.holds, await paused.lease.isHeld()]).toEqual([true, false]);
    expect([other.holds, await other.lease.isHeld()]).toEqual([true, true]);
    other.isCutOff = true;
    await expect(other.lease.isHeld()).rejects.toBeInstanceOf(EngineUnavailable);
  });

  it('is held if a renewal follows the entry that an answer to the node has', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    let answer = () => {};
    a.afterRead = new Promise((resolve) => {
      answer = resolve;
    });
    const isHeld = a.lease.isHeld();
    await advance(clock, LEASE / 3 + 500);
    answer();
    expect(await isHeld).toBe(true);
  });

  it('is held if the log has a renewal that the node does not know of yet', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    let read = () => {};
    a.beforeRead = new Promise((resolve) => {
      read = resolve;
    });
    let answer = () => {};
    a.afterAppend = new Promise((resolve) => {
      answer = resolve;
    });
    const isHeld = a.lease.isHeld();
    await advance(clock, LEASE / 3 + 500);
    read();
    await settle();
    answer();
    expect(await isHeld).toBe(true);
  });

  it('goes to another node when it is given back', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    const b = join();
    await advance(clock, LEASE);
    expect([a.holds, b.holds]).toEqual([true, false]);
    await a.lease.release();
    await advance(clock, LEASE / 2);
    expect(b.holds).toBe(true);
  });

  it('is lost before another node takes over, if the engine is away for its holder', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    const b = join();
    await advance(clock, LEASE);
    a.isCutOff = true;
    for (let passed = 0; passed < 3 * LEASE; passed += 100) {
      clock.advance(100);
      await settle();
      expect(a.holds && b.holds).toBe(false);
    }
    expect([a.holds, b.holds]).toEqual([false, true]);
  });

  it('survives a short absence of the engine', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    const b = join();
    await advance(clock, LEASE);
    a.isCutOff = true;
    await advance(clock, LEASE / 2);
    a.isCutOff = false;
    await advance(clock, 3 * LEASE);
    expect([a.holds, b.holds]).toEqual([true, false]);
  });

  it('is free after a release that came while it was renewed', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    const b = join();
    await settle();
    let open = () => {};
    a.gate = new Promise((resolve) => {
      open = resolve;
    });
    await advance(clock, LEASE / 3); // the renewal waits
    const released = a.lease.release();
    a.gate = undefined;
    open();
    await released;
    await advance(clock, LEASE / 3 + 500);
    expect(b.holds).toBe(true);
  });

  it('is lost if its renewal fails unexpectedly', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    a.isBroken = true;
    await advance(clock, LEASE);
    expect(a.holds).toBe(false);
  });

  it('is not taken any more after its node was stopped', async () => {
    const { clock, join } = setUp();
    const a = join();
    await settle();
    const b = join();
    b.stop.abort();
    await a.lease.release();
    await advance(clock, 3 * LEASE);
    expect(b.holds).toBe(false);
    expect(clock.running).toBe(1); // the sweep of the engine
  });
});
