import type { Clock } from '@sluice/server/bridging';
import type { ConsumeMessage } from 'amqplib';
import { expect, it } from 'vitest';
import type { RabbitConnection } from './rabbitmq-connection.ts';
import { firstOffset } from './stream-offsets.ts';

type Receive = (message: ConsumeMessage | null) => void;

function ask(deliver: (receive: Receive) => void) {
  let due = () => {};
  let isCancelled = false;
  const after = (_: number, run: () => void) => {
    due = run;
    const cancel = () => {
      isCancelled = true;
    };
    return { cancel };
  };
  const channel = { prefetch: async () => {}, consume: async (_: string, receive: Receive) => deliver(receive) };
  const connection = { aside: (use: (of: object) => Promise<unknown>) => use(channel) };
  const answer = firstOffset(connection as unknown as RabbitConnection, 'orders', { after } as unknown as Clock);
  return { answer, pass: () => due(), isCancelled: () => isCancelled };
}

const messageAt = (offset: number) =>
  ({ properties: { headers: { 'x-stream-offset': offset } } }) as unknown as ConsumeMessage;

it('the first message of a stream tells where it begins', async () => {
  const { answer, isCancelled } = ask((receive) => receive(messageAt(7)));
  await expect(answer).resolves.toBe(7);
  expect(isCancelled()).toBe(true);
});

it('a stream that was deleted has no beginning', async () => {
  await expect(ask((receive) => receive(null)).answer).rejects.toThrow('the stream "orders" was deleted');
});

it('a stream that delivers nothing is not waited for without end', async () => {
  const asked: { pass?: () => void } = {};
  const { answer, pass } = ask(() => setImmediate(() => asked.pass?.()));
  asked.pass = pass;
  await expect(answer).rejects.toThrow('has not delivered its first message within 20 s');
});
