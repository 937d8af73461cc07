import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { reservePort } from './port.ts';

const host = '127.0.0.1';

describe.skipIf(process.platform !== 'linux')('a reserved port', () => {
  it('can be shared by workers, but not reserved again until it is released', async () => {
    const first = await reservePort({ host, port: 0 });
    expect(first.port).toBeGreaterThan(0);
    await expect(reservePort({ host, port: first.port })).rejects.toThrow(/another "sluice serve" with workers/);
    const worker = createServer().listen(first.port, host);
    await once(worker, 'listening');
    worker.close();
    first.release();
    (await reservePort({ host, port: first.port })).release();
  });

  it('goes to one of two processes that reserve it at the same moment', async () => {
    const free = await reservePort({ host, port: 0 });
    free.release();
    const outcomes = await Promise.allSettled([1, 2].map(() => reservePort({ host, port: free.port })));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.release();
  });

  it('is refused while another program listens on it, and can be reserved later', async () => {
    const otherProgram = createServer().listen(0, host);
    await once(otherProgram, 'listening');
    const { port } = otherProgram.address() as AddressInfo;
    await expect(reservePort({ host, port })).rejects.toThrow(`cannot listen on ${host}:${port} (EADDRINUSE)`);
    otherProgram.close();
    await once(otherProgram, 'close');
    (await reservePort({ host, port })).release();
  });
});
