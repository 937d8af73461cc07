import { describe, expect, it } from 'vitest';
import { RequestCluster } from './support/request-cluster.ts';
import type { LoopbackPeer } from './support/world.ts';

const SUM = 'sum:1';
const CONFIG = {
  channels: { 'sum:{id}': { allow: { request: 'users', respond: 'users' }, requests: { timeout: '30s' } } },
} as const;

/** A requester on the first node, and a responder on the second. */
async function apart(concurrency = 16) {
  const cluster = await RequestCluster.start(2, CONFIG);
  const [requester, responder] = [await cluster.connect(0, 'ada'), await cluster.connect(1, 'bob')];
  await responder.client.result({ type: 'respond', channel: SUM, concurrency });
  return { cluster, requester, responder };
}

const requestsOf = ({ client }: LoopbackPeer) =>
  client.received.flatMap((message) => (message.type === 'requests' ? message.requests : []));

const repliesOf = ({ client }: LoopbackPeer) =>
  client.received.flatMap((message) => (message.type === 'replies' ? message.replies.map(({ data }) => data) : []));

const ask = ({ client }: LoopbackPeer, data: number | string = 1) =>
  client.send({ type: 'request', channel: SUM, data })[0];

const answerTo = ({ client }: LoopbackPeer, id: number | undefined) =>
  client.wait((message) => 'id' in message && message.id === id);

async function next(cluster: RequestCluster, responder: LoopbackPeer, at = 0): Promise<string> {
  await cluster.until(() => requestsOf(responder).length > at);
  return requestsOf(responder)[at]?.request ?? '';
}

describe('a request to a responder of another node', () => {
  it('is answered', async () => {
    const { cluster, requester, responder } = await apart();
    const id = ask(requester);
    const request = await next(cluster, responder);
    expect(requestsOf(responder)).toEqual([{ request, data: 1, timeout: 30_000, from: 'ada' }]);
    await responder.client.result({ type: 'reply', request, data: { sum: 3 } });
    expect(await answerTo(requester, id)).toEqual({ type: 'reply', id, result: { data: { sum: 3 } } });
  });

  it('fails with the error of the responder', async () => {
    const { cluster, requester, responder } = await apart();
    const id = ask(requester);
    const error = { code: 'no_sum', message: 'not a number', data: [1] };
    await responder.client.result({ type: 'reply', request: await next(cluster, responder), error });
    expect(await answerTo(requester, id)).toMatchObject({ error: { name: 'responder_failed', responder: error } });
  });

  it('streams hundreds of replies in their order', async () => {
    const { cluster, requester, responder } = await apart();
    const id = ask(requester);
    const request = await next(cluster, responder);
    const sent = Array.from({ length: 300 }, (_, at) => at);
    for (const data of sent) await responder.client.result({ type: 'reply', request, data, more: true });
    await responder.client.result({ type: 'reply', request });
    expect(await answerTo(requester, id)).toMatchObject({ result: {} });
    expect(repliesOf(requester)).toEqual(sent);
  });

  it('is cancelled there', async () => {
    const { cluster, requester, responder } = await apart();
    const id = ask(requester) ?? 0;
    const request = await next(cluster, responder);
    await requester.client.result({ type: 'cancel', request: id });
    expect(await responder.client.push('cancelled')).toMatchObject({ request, reason: 'asked' });
  });

  it.each<[string, (cluster: RequestCluster, responder: LoopbackPeer) => void]>([
    ['the responder disconnects', (_, { socket }) => socket.cut()],
    [
      'its node dies',
      (cluster) => {
        cluster.kill(1);
        cluster.advance(5_000);
      },
    ],
  ])('ends at once when %s', async (_, happen) => {
    const { cluster, requester, responder } = await apart();
    const id = ask(requester);
    await next(cluster, responder);
    happen(cluster, responder);
    expect(await answerTo(requester, id)).toMatchObject({ error: { name: 'responder_lost' } });
    const answer = await requester.client.request({ type: 'request', channel: SUM, data: 1 });
    expect(answer).toMatchObject({ error: { name: 'no_responders' } });
  });

  it('is cancelled there when the node of the requester dies', async () => {
    const { cluster, requester, responder } = await apart();
    ask(requester);
    const request = await next(cluster, responder);
    cluster.kill(0);
    cluster.world(1).clock.advance(35_000);
    expect(await responder.client.push('cancelled')).toMatchObject({ request, reason: 'closed' });
  });

  it('is cancelled there when a reply finds nobody', async () => {
    const { cluster, requester, responder } = await apart();
    ask(requester);
    const request = await next(cluster, responder);
    cluster.kill(0);
    await responder.client.result({ type: 'reply', request, data: 1, more: true });
    expect(await responder.client.push('cancelled')).toMatchObject({ request, reason: 'closed' });
  });

  it('goes elsewhere if the last responder there has left', async () => {
    const { cluster, requester, responder } = await apart();
    ask(requester);
    await responder.client.result({ type: 'reply', request: await next(cluster, responder), data: 1 });
    const third = await cluster.connect(0, 'cyd');
    await responder.client.result({ type: 'unrespond', channel: SUM });
    await third.client.result({ type: 'respond', channel: SUM });
    const id = ask(requester);
    await third.client.result({ type: 'reply', request: await next(cluster, third), data: 'third' });
    expect(await answerTo(requester, id)).toMatchObject({ result: { data: 'third' } });
  });

  it('does not go to a node that drains', async () => {
    const { cluster, requester } = await apart();
    const local = await cluster.connect(0, 'cyd');
    void cluster.world(1).gateway.close();
    await cluster.idle();
    const answer = await requester.client.request({ type: 'request', channel: SUM, data: 1 });
    expect(answer).toMatchObject({ error: { name: 'no_responders' } });
    await local.client.result({ type: 'respond', channel: SUM });
    const id = ask(requester);
    await local.client.result({ type: 'reply', request: await next(cluster, local), data: 'local' });
    expect(await answerTo(requester, id)).toMatchObject({ result: { data: 'local' } });
  });

  it('ends with "internal" if the engine fails in an unexpected way, and the gateway goes on', async () => {
    const { cluster, requester, responder } = await apart();
    const faults: string[] = [];
    cluster.world(0).services.events.on('fault', ({ where }) => faults.push(where));
    cluster.breakSending(new Error('not expected'));
    const answer = await requester.client.request({ type: 'request', channel: SUM, data: 1 });
    expect([answer, faults]).toMatchObject([{ error: { name: 'internal' } }, ['requests']]);
    cluster.breakSending(undefined);
    const id = ask(requester);
    await responder.client.result({ type: 'reply', request: await next(cluster, responder), data: 1 });
    expect(await answerTo(requester, id)).toMatchObject({ result: { data: 1 } });
  });

  it('is spread over the nodes by their capacity', async () => {
    const { cluster, requester, responder } = await apart(20);
    const local = await cluster.connect(0, 'cyd');
    await local.client.result({ type: 'respond', channel: SUM, concurrency: 10 });
    for (let at = 0; at < 30; at++) ask(requester, at);
    await cluster.idle();
    expect([requestsOf(local).length, requestsOf(responder).length]).toEqual([10, 20]);
  });

  it('that has ended is no longer load of its node', async () => {
    const { cluster, requester, responder } = await apart(20);
    for (let at = 0; at < 10; at++) {
      const id = ask(requester);
      await responder.client.result({ type: 'reply', request: await next(cluster, responder, at), data: 1 });
      await answerTo(requester, id);
    }
    const local = await cluster.connect(0, 'cyd');
    await local.client.result({ type: 'respond', channel: SUM, concurrency: 20 });
    for (let at = 0; at < 10; at++) ask(requester, at);
    await cluster.idle();
    expect([requestsOf(local).length, requestsOf(responder).length - 10]).toEqual([5, 5]);
  });
});
