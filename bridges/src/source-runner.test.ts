import type { InboundBridge } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { ModelHost } from '../test/support/model-host.ts';
import type { OpenSource, SourceRecord } from './source.ts';
import { SourceRunner } from './source-runner.ts';

const config: InboundBridge = {
  ...{ name: 'in', system: 'model', direction: 'in', connection: {}, origin: 'sluice', inFlight: 2 },
  ...{ from: {}, to: { channel: 'orders', data: 'json' }, poison: { kind: 'stop' }, dedupe: 60_000 },
};

const recordOf = (n: number): SourceRecord => ({
  once: { partition: 'p', position: `${n}` },
  ...{ topic: 't', subject: 't', key: undefined, headers: {}, body: Buffer.from(`${n}`) },
});

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function deferred(): Deferred {
  let settle: Pick<Deferred, 'resolve' | 'reject'> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/** A broker that has numbers, and acknowledges when a test says so. */
class ModelSource implements OpenSource {
  next = 1;
  readonly acknowledging: (Deferred & { readonly numbers: readonly string[] })[] = [];
  isClosed = false;
  readonly #last: number;
  readonly #closed = deferred();

  constructor(last: number) {
    this.#last = last;
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const count = Math.min(most, this.#last - this.next + 1);
    if (count === 0) await this.#closed.promise;
    const records = Array.from({ length: count }, (_, at) => recordOf(this.next + at));
    this.next += count;
    return records;
  }

  acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const numbers = records.map(({ body }) => Buffer.from(body).toString());
    const acknowledgement = { ...deferred(), numbers };
    this.acknowledging.push(acknowledgement);
    return acknowledgement.promise;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#closed.resolve();
  }
}

function run(source: ModelSource) {
  const host = new ModelHost(async () => {});
  const stop = new AbortController();
  const runner = new SourceRunner({ config, host, source: { open: async () => source } });
  return { host, running: runner.run(stop.signal), stop };
}

describe('a source', () => {
  it('is read further while its broker confirms an acknowledgement, but not two of them', async () => {
    const source = new ModelSource(6);
    const { host, running, stop } = run(source);
    await expect.poll(() => host.log).toEqual([1, 2, 3, 4]);
    expect(source.acknowledging.map(({ numbers }) => numbers)).toEqual([['1', '2']]);
    expect(source.next).toBe(5);
    source.acknowledging[0]?.resolve();
    await expect
      .poll(() => source.acknowledging.map(({ numbers }) => numbers))
      .toEqual([
        ['1', '2'],
        ['3', '4'],
      ]);
    await expect.poll(() => host.log).toEqual([1, 2, 3, 4, 5, 6]);
    for (const at of [1, 2]) {
      await expect.poll(() => source.acknowledging.length).toBeGreaterThan(at);
      source.acknowledging[at]?.resolve();
    }
    stop.abort();
    await running;
  });

  it('is closed when an acknowledgement fails, also while it waits for messages', async () => {
    const source = new ModelSource(2);
    const { host, running, stop } = run(source);
    await expect.poll(() => source.acknowledging.length).toBe(1);
    source.acknowledging[0]?.reject(new Error('the connection is lost'));
    await expect.poll(() => source.isClosed).toBe(true);
    await expect.poll(() => host.state).toBe('waiting');
    stop.abort();
    await running;
  });

  it('ends only once everything that was published is acknowledged', async () => {
    const source = new ModelSource(2);
    const { running, stop } = run(source);
    await expect.poll(() => source.acknowledging.length).toBe(1);
    let isOver = false;
    const over = running.then(() => {
      isOver = true;
    });
    stop.abort();
    await expect.poll(() => source.isClosed).toBe(true);
    expect(isOver).toBe(false);
    source.acknowledging[0]?.resolve();
    await over;
  });
});
