import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SendWindow } from './send-window.ts';

interface Sending {
  readonly acknowledge?: () => Promise<void>;
  readonly bytes?: number;
}

/** A window, and what was acknowledged. */
class Rig {
  readonly window: SendWindow;
  readonly acknowledged: string[] = [];
  readonly #confirms = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();

  constructor(most: number, batch: number) {
    this.window = new SendWindow(() => ({ most, batch, mostBytes: 100, batchBytes: 25 }));
  }

  add(name: string, count: number, { acknowledge = async () => {}, bytes = 1 }: Sending = {}): void {
    const confirmed = new Promise<void>((resolve, reject) => this.#confirms.set(name, { resolve, reject }));
    this.window.add({
      ...{ count, bytes, confirmed },
      failed: async () => void this.acknowledged.push(`${name} in part`),
      acknowledge: async () => {
        await acknowledge();
        this.acknowledged.push(name);
      },
    });
  }

  async confirm(name: string): Promise<void> {
    this.#confirms.get(name)?.resolve();
    await turn();
  }

  async fail(name: string): Promise<void> {
    this.#confirms.get(name)?.reject(new Error(`${name} failed`));
    await turn();
  }

  /** Is there room for another batch now? */
  async hasRoom(): Promise<boolean> {
    const isFree = this.window.room().then(
      () => true,
      () => false,
    );
    return Promise.race([isFree, turn(false)]);
  }
}

describe('batches on their way to a broker', () => {
  it.each([
    [{ most: 8, batch: 2 }, [2, 2, 2], true],
    [{ most: 8, batch: 2 }, [2, 2, 2, 2], false],
    [{ most: 8, batch: 8 }, [1], false],
    [{ most: 8, batch: 8 }, [], true],
    [{ most: 1, batch: 1 }, [1], false],
    [{ most: 8, batch: 2 }, [7], false],
  ])('%j with %j: another one has room: %s', async ({ most, batch }, counts, expected) => {
    const rig = new Rig(most, batch);
    for (const [at, count] of counts.entries()) rig.add(`${at}`, count);
    expect(await rig.hasRoom()).toBe(expected);
  });

  it.each([
    [[30, 30], true],
    [[30, 30, 30], false],
    [[1_000], false],
    [[75], true],
    [[76], false],
  ])('with %j bytes: another one has room: %s', async (sizes, expected) => {
    const rig = new Rig(100, 1);
    for (const [at, bytes] of sizes.entries()) rig.add(`${at}`, 1, { bytes });
    expect(await rig.hasRoom()).toBe(expected);
  });

  it('are acknowledged in the order in which they were sent, and make room then', async () => {
    const rig = new Rig(2, 1);
    rig.add('first', 1);
    rig.add('second', 1);
    await rig.confirm('second');
    expect([rig.acknowledged, await rig.hasRoom()]).toEqual([[], false]);
    await rig.confirm('first');
    expect([rig.acknowledged, await rig.hasRoom()]).toEqual([['first', 'second'], true]);
    await rig.window.done();
  });

  it('are acknowledged up to one that fails, and nothing is sent behind it', async () => {
    const rig = new Rig(9, 1);
    for (const name of ['first', 'second', 'third']) rig.add(name, 1);
    await rig.confirm('third');
    await rig.fail('second');
    expect(await rig.hasRoom()).toBe(false);
    const next = expect(rig.window.orFail(Promise.resolve('the next messages'))).rejects.toThrow('second failed');
    await rig.confirm('first');
    await next;
    await expect(rig.window.room()).rejects.toThrow('second failed');
    await expect(rig.window.done()).rejects.toThrow('second failed');
    expect(rig.acknowledged).toEqual(['first', 'second in part']);
  });

  it('end the wait for the next messages if one cannot be acknowledged', async () => {
    const rig = new Rig(9, 1);
    rig.add('first', 1, { acknowledge: () => Promise.reject(new Error('the engine is away')) });
    const next = expect(rig.window.orFail(new Promise(() => {}))).rejects.toThrow('the engine is away');
    await rig.confirm('first');
    await next;
  });

  it('fail when the connection is lost, once what was sent was answered', async () => {
    for (const sent of [[], ['first']]) {
      const rig = new Rig(9, 1);
      for (const name of sent) rig.add(name, 1);
      const next = expect(rig.window.orFail(new Promise(() => {}))).rejects.toThrow('the server has stopped');
      rig.window.lose(new Error('the server has stopped'));
      for (const name of sent) await rig.confirm(name);
      await next;
      expect(rig.acknowledged).toEqual(sent);
      await expect(rig.window.room()).rejects.toThrow('the server has stopped');
    }
  });
});
