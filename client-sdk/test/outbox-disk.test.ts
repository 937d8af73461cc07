import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Disk, type DiskSetup } from '../src/outbox/disk.ts';
import type { Store } from '../src/outbox/store.ts';
import { pass, turn } from './support/fake-gateway.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A store that records how it was closed. */
class FakeStore {
  readonly closed = vi.fn();
  readonly abandoned = vi.fn();
  readonly face = { close: this.closed, abandon: this.abandoned } as unknown as Store;

  get left(): [closed: number, abandoned: number] {
    return [this.closed.mock.calls.length, this.abandoned.mock.calls.length];
  }
}

/** A browser whose database openings the test controls. */
class World {
  readonly stores: FakeStore[] = [];
  readonly signals: AbortSignal[] = [];
  readonly failed = vi.fn<(error: unknown) => void>();
  readonly onOpen = vi.fn();
  merge: DiskSetup['merge'] = async () => {};
  /** Runs before a database is open. */
  before: () => Promise<unknown> = async () => {};
  lose = () => {};
  wake = () => {};
  readonly disk: Disk;

  constructor(setup: Partial<Pick<World, 'merge' | 'before'>> = {}) {
    Object.assign(this, setup);
    this.disk = new Disk({
      open: async ({ signal, lost }) => {
        this.signals.push(signal);
        this.lose = lost;
        await this.before();
        const store = new FakeStore();
        this.stores.push(store);
        return store.face;
      },
      onWake: (run) => {
        this.wake = run;
        return () => {
          this.wake = () => {};
        };
      },
      merge: (store) => this.merge(store),
      onOpen: this.onOpen,
      failed: this.failed,
    });
  }
}

const never = () => new Promise<never>(() => {});

describe('the disk of an outbox', () => {
  it('abandons pending steps when the browser closes the database, and reopens it', async () => {
    const world = new World();
    await turn();
    const begun = expect(world.disk.use(never)).rejects.toThrow('The browser closed the database.');
    world.lose();
    await begun;
    await turn();
    expect(world.stores.map(({ left }) => left)).toEqual([
      [0, 1],
      [0, 0],
    ]);
    expect([world.disk.isOpen, world.onOpen.mock.calls.length]).toEqual([true, 2]);
  });

  it('abandons the database if a step fails, so that the step takes no effect later', async () => {
    const world = new World();
    await turn();
    await expect(world.disk.use(() => Promise.reject(new Error('full')))).rejects.toThrow('full');
    await turn();
    expect(world.stores[0]?.left).toEqual([0, 1]);
    expect(world.failed).toHaveBeenCalledWith(expect.objectContaining({ message: 'full' }));
  });

  it('times out a step after ten seconds', async () => {
    const world = new World();
    await turn();
    const stuck = expect(world.disk.use(never)).rejects.toThrow('The database does not answer.');
    await pass(10_000);
    await stuck;
    expect(world.stores[0]?.left).toEqual([0, 1]);
  });

  it('closes a database that opens after the timeout', async () => {
    const world = new World({ before: never });
    await pass(9900);
    expect(world.signals[0]?.aborted).toBe(false);
    await pass(200);
    expect(world.signals[0]?.aborted).toBe(true);
    world.disk.close();
  });

  it('abandons a database that cannot be reconciled', async () => {
    const world = new World({ merge: () => Promise.reject(new Error('broken')) });
    await turn();
    expect([world.stores[0]?.left, world.disk.isOpen]).toEqual([[0, 1], false]);
    world.merge = async () => {};
    await pass(60_000);
    expect(world.disk.isOpen).toBe(true);
  });

  it('does not use a database that was closed during reconciliation', async () => {
    const world: World = new World({
      merge: async () => {
        if (world.stores.length === 1) world.lose();
      },
    });
    await turn();
    expect([world.stores.map(({ left }) => left), world.onOpen.mock.calls.length]).toEqual([
      [
        [0, 1],
        [0, 0],
      ],
      1,
    ]);
  });

  it('closes a database that opens after the outbox was closed', async () => {
    const world = new World();
    world.disk.close();
    await turn();
    expect([world.stores.map(({ left }) => left), world.disk.isOpen]).toEqual([[[1, 0]], false]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stops retrying, and tries again when the page is shown', async () => {
    const world = new World({ before: () => Promise.reject(new Error('no')) });
    await pass(600_000);
    const attempts = world.signals.length;
    expect(vi.getTimerCount()).toBe(0);
    await pass(600_000);
    expect(world.signals).toHaveLength(attempts);
    world.before = async () => {};
    world.wake();
    await turn();
    expect([world.signals.length, world.disk.isOpen]).toEqual([attempts + 1, true]);
  });

  it('reopens a database that worked immediately, every time that it is lost', async () => {
    const world = new World();
    await turn();
    for (let n = 1; n <= 20; n++) {
      await world.disk.use(async () => {});
      world.lose();
      await turn();
      expect(world.stores).toHaveLength(n + 1);
    }
  });

  it('does not reopen a database immediately if it was lost before use', async () => {
    const world = new World();
    await turn();
    for (let n = 0; n < 20; n++) {
      world.lose();
      await turn();
    }
    expect(world.stores.length).toBeLessThan(4);
    world.disk.close();
  });
});
