import { afterEach, describe, expect, it } from 'vitest';
import { consume, NackError } from '../src/queues/index.ts';
import { ReplyError, request, respond } from '../src/requests/index.ts';
import { createTestClient } from '../src/testing/testing.ts';

describe('the in-memory gateway', () => {
  let kit: ReturnType<typeof createTestClient>;
  afterEach(() => kit.gateway.close());

  it('serves a queue: each message to one consumer, again after a failure, and not if it is given up', async () => {
    kit = createTestClient();
    const { gateway } = kit;
    const seen: string[] = [];
    for (const user of ['ada', 'bob']) {
      const handler = ({ message, attempt }: { message: { data: unknown }; attempt: number }) => {
        seen.push(`${message.data} ${attempt}`);
        if (message.data === 'again' && attempt === 1) throw new NackError('once more');
        if (message.data === 'never') throw new NackError('never', { dead: true });
      };
      consume(gateway.client(user).channel('jobs:a'), handler, { onError: () => {} });
    }
    await gateway.settled();
    for (const data of ['one', 'again', 'never']) gateway.publish('jobs:a', data);
    await gateway.settled();
    expect(seen.sort()).toEqual(['again 1', 'again 2', 'never 1', 'one 1']);
  });

  it('gives deliveries of a closed connection to others when the grace period ends', async () => {
    kit = createTestClient();
    const { gateway } = kit;
    const ada = gateway.client('ada');
    consume(ada.channel('jobs:a'), () => new Promise(() => {}));
    await gateway.settled();
    gateway.publish('jobs:a', 1);
    await gateway.settled();
    ada.close();
    const seen: unknown[] = [];
    consume(gateway.client('bob').channel('jobs:a'), ({ attempt }) => void seen.push(attempt));
    await gateway.settled();
    expect(seen).toEqual([]);
    gateway.endGrace();
    await gateway.settled();
    expect(seen).toEqual([2]);
  });

  it('passes requests to responders', async () => {
    kit = createTestClient();
    const { gateway } = kit;
    respond(gateway.client('bob').channel('math:double'), ({ data, from }) => {
      if (typeof data !== 'number') throw new ReplyError('no_number');
      return `${2 * data} for ${from}`;
    });
    await gateway.settled();
    const channel = gateway.client('ada').channel('math:double');
    await expect(request(channel, 2)).resolves.toBe('4 for ada');
    await expect(request(channel, 'x')).rejects.toMatchObject({ responder: { code: 'no_number' } });
    await expect(request(gateway.client('ada').channel('math:other'), 1)).rejects.toMatchObject({
      name: 'no_responders',
    });
  });

  it('ends consumers whose permission is denied, and gives their deliveries to others', async () => {
    kit = createTestClient();
    const { gateway } = kit;
    const errors: unknown[] = [];
    consume(gateway.client('ada').channel('jobs:a'), () => new Promise(() => {}), {
      onError: (error) => void errors.push(error.name),
    });
    await gateway.settled();
    gateway.publish('jobs:a', 1);
    await gateway.settled();
    const seen: unknown[] = [];
    consume(gateway.client('bob').channel('jobs:a'), ({ attempt }) => void seen.push(attempt));
    await gateway.settled();
    gateway.deny('consume', 'jobs:*', { user: 'ada' });
    await gateway.settled();
    expect([errors, seen]).toEqual([['permission_denied'], [2]]);
    gateway.publish('jobs:a', 2);
    await gateway.settled();
    expect(seen).toEqual([2, 1]);
  });

  it('ends a request whose responder throws an error that the gateway refuses', async () => {
    kit = createTestClient();
    const { gateway } = kit;
    const errors: unknown[] = [];
    const fail = () => {
      throw new ReplyError('not now');
    };
    respond(gateway.client('bob').channel('a'), fail, { onError: (error) => void errors.push(error.name) });
    await gateway.settled();
    await expect(request(gateway.client('ada').channel('a'), 1)).rejects.toMatchObject({
      responder: { code: 'invalid_reply' },
    });
    expect(errors).toEqual(['command_invalid']);
  });

  it('filters subscriptions and pages, and appends on condition of the head', async () => {
    kit = createTestClient();
    const { gateway, client } = kit;
    const seen: unknown[] = [];
    const channel = client.channel('log:a');
    const filter = { tags: { level: ['error', 'fatal'] } };
    channel.subscribe(({ data }) => seen.push(data), { filter });
    await gateway.settled();
    for (const level of ['info', 'error', 'debug', 'fatal']) gateway.publish('log:a', level, { tags: { level } });
    await gateway.settled();
    expect(seen).toEqual(['error', 'fatal']);
    const page = await channel.history({ filter });
    expect([page.messages.map(({ data }) => data), page.covers]).toEqual([['error', 'fatal'], { from: 1, to: 4 }]);
    await expect(channel.publish('late', { if: { offset: 3 } })).rejects.toMatchObject({
      name: 'conflict',
      head: { offset: 4 },
    });
  });
});
