import { afterEach, describe, expect, it } from 'vitest';
import { type ProgramDelivery, startTestGateway, type TestGateway } from '../src/testing/index.ts';

let gateway: TestGateway;
afterEach(() => gateway.close());

const start = async () => {
  gateway = await startTestGateway({ channels: { 'jobs:{kind}': { queue: { backoff: [], ackTimeout: '30s' } } } });
  const deliveries: ProgramDelivery[] = [];
  gateway.consume('jobs:a', (delivery) => void deliveries.push(delivery));
  return deliveries;
};

const attempts = (deliveries: readonly ProgramDelivery[]) => deliveries.map(({ attempt }) => attempt);

describe("queues in an application's tests", () => {
  it('are consumed by a function of the test', async () => {
    const deliveries = await start();
    await gateway.publish('jobs:a', { file: 'cat.jpg' });
    await expect.poll(() => gateway.groupStats('jobs:a')).toMatchObject({ floor: 1, ready: 0, inFlight: 0 });
    expect(deliveries).toMatchObject([{ attempt: 1, message: { data: { file: 'cat.jpg' } } }]);
  });

  it('lose an acknowledgement: the message is delivered again after its time', async () => {
    const deliveries = await start();
    gateway.faults.loseAck('jobs:a');
    await gateway.publish('jobs:a', 1);
    await expect.poll(() => deliveries.length).toBe(1);
    expect(await gateway.groupStats('jobs:a')).toMatchObject({ floor: 0, inFlight: 1 });
    await gateway.clock.advance('30s');
    await expect.poll(() => attempts(deliveries)).toEqual([1, 2]);
    await expect.poll(() => gateway.groupStats('jobs:a')).toMatchObject({ floor: 1, inFlight: 0 });
  });

  it('survive a crash with the log', async () => {
    await start();
    const stuck: ProgramDelivery[] = [];
    await gateway.publish('jobs:b', 1);
    gateway.consume('jobs:b', (delivery) => {
      stuck.push(delivery);
      return new Promise(() => {});
    });
    await expect.poll(() => stuck.length).toBe(1);
    const restarting = gateway.faults.restart({ keepLog: true });
    await gateway.clock.advance('30s'); // the drain waits for the handler
    await restarting;
    const again: ProgramDelivery[] = [];
    gateway.consume('jobs:b', (delivery) => void again.push(delivery));
    await gateway.clock.advance('30s');
    await expect.poll(() => attempts(again)).toEqual([2]);
  });

  it('are refused by name', async () => {
    await start();
    await expect(gateway.groupStats('nowhere')).rejects.toThrow(/no channel rule matches "nowhere"/);
    expect(() => gateway.consume('jobs:a', () => {}, { group: 'other' })).toThrow(/its groups are "queue"/);
  });
});
