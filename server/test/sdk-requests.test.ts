import { type Client, createClient, type SluiceError } from '@sluice/client';
import { type IncomingRequest, ReplyError, request, requestMany, respond } from '@sluice/client/requests';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { startTestGateway, type TestGateway } from '../src/testing/index.ts';

/** Waits as long as a busy machine needs. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000 });

let gateway: TestGateway;
const clients: Client[] = [];

beforeAll(async () => {
  const calls = { allow: { request: 'users', respond: 'users' } } as const;
  gateway = await startTestGateway({ channels: { 'calls:{name}': calls, 'closed:{name}': {} } });
});

afterAll(async () => {
  for (const client of clients) client.close();
  await gateway.close();
});

function open(user: string): Client {
  const client = createClient({ url: gateway.url, WebSocket, token: () => gateway.token(user) });
  clients.push(client);
  return client;
}

/** A requester and a responder, on a channel of their own. */
let channels = 0;
function pair() {
  const name = `calls:${++channels}`;
  const [ada, bob] = [open('ada'), open('bob')];
  return { name, ada, bob, asking: ada.channel(name), answering: bob.channel(name) };
}

const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: SluiceError) => error,
  );

describe('a request', () => {
  it('returns what the handler of a responder returns', async () => {
    const { asking, answering, name } = pair();
    const seen: IncomingRequest[] = [];
    const responder = respond(answering, async (incoming) => {
      seen.push(incoming);
      return { sum: 3 };
    });
    await responder.ready;
    expect(await request(asking, { a: 1, b: 2 })).toEqual({ sum: 3 });
    expect(seen).toMatchObject([{ channel: name, data: { a: 1, b: 2 } }]);
    await responder.stop();
    expect(await refusal(request(asking, 1))).toMatchObject({ name: 'no_responders' });
  });

  it.each([
    ['nothing', undefined, null],
    ['null', null, null],
    ['a number', 0, 0],
  ])('returns what the handler returns, if it is %s', async (_, returned, received) => {
    const { asking, answering } = pair();
    await respond(answering, () => returned).ready;
    expect(await request(asking, 1)).toBe(received);
  });

  it('fails at once if nobody responds, and if it is not permitted', async () => {
    const { asking, ada } = pair();
    expect(await refusal(request(asking, 1))).toMatchObject({ name: 'no_responders', retryable: true });
    expect(await refusal(request(ada.channel('closed:a'), 1))).toMatchObject({ name: 'permission_denied' });
  });

  it('fails with the code, message and data that the handler throws', async () => {
    const { asking, answering } = pair();
    const handler = () => {
      throw new ReplyError('division_by_zero', 'b must not be 0', { b: 0 });
    };
    await respond(answering, handler).ready;
    const error = await refusal(request(asking, 1));
    expect(error).toMatchObject({
      name: 'responder_failed',
      responder: { code: 'division_by_zero', message: 'b must not be 0', data: { b: 0 } },
    });
  });

  it('fails without details if the handler throws another error, which onError receives', async () => {
    const { asking, answering } = pair();
    const onError = vi.fn();
    const secret = new Error('the password is 1234');
    await respond(answering, () => Promise.reject(secret), { onError }).ready;
    const error = await refusal(request(asking, 1));
    expect(error).toMatchObject({ name: 'responder_failed', responder: { code: 'internal' } });
    expect(JSON.stringify(error)).not.toContain('1234');
    expect(onError.mock.calls).toEqual([[secret]]);
  });

  it('is cancelled by its signal, which aborts the signal of the handler', async () => {
    const { asking, answering } = pair();
    let aborted = () => {};
    const done = new Promise<void>((resolve) => {
      aborted = resolve;
    });
    const controller = new AbortController();
    const handler = ({ signal }: IncomingRequest) => {
      signal.addEventListener('abort', aborted);
      controller.abort(new Error('changed my mind'));
      return new Promise<void>(() => {});
    };
    await respond(answering, handler).ready;
    await expect(request(asking, 1, { signal: controller.signal })).rejects.toThrow('changed my mind');
    await done;
  });

  it('times out', async () => {
    const { asking, answering } = pair();
    const handler = vi.fn(() => new Promise<void>(() => {}));
    await respond(answering, handler).ready;
    const failed = refusal(request(asking, 1, { timeout: 30_000 }));
    await until(() => expect(handler).toHaveBeenCalledOnce());
    await gateway.clock.advance(30_000);
    expect(await failed).toMatchObject({ name: 'request_timeout' });
  });

  it('fails if the connection is lost after it was sent, and is not repeated', async () => {
    const { asking, answering } = pair();
    const handler = vi.fn(() => new Promise<void>(() => {}));
    await respond(answering, handler).ready;
    const failed = refusal(request(asking, 1));
    await until(() => expect(handler).toHaveBeenCalledOnce());
    gateway.faults.drop('ada');
    expect(await failed).toMatchObject({ name: 'connection_lost' });
    expect(handler).toHaveBeenCalledOnce();
  });
});

describe('a stream of replies', () => {
  it('has all replies in order', async () => {
    const { asking, answering } = pair();
    await respond(answering, async function* ({ data }) {
      for (let n = 0; n < (data as number); n++) yield n;
    }).ready;
    const seen: number[] = [];
    for await (const n of requestMany<number>(asking, 40)) seen.push(n);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(await request(asking, 3)).toBe(2);
    expect(await request(asking, 0)).toBeUndefined();
    for await (const n of requestMany<number>(asking, 0)) expect.fail(`received ${n}`);
  });

  it('ends with the error of the responder', async () => {
    const { asking, answering } = pair();
    await respond(answering, async function* () {
      yield 1;
      throw new ReplyError('broken');
    }).ready;
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const n of requestMany(asking, 1)) seen.push(n);
    })();
    expect(await refusal(reading)).toMatchObject({ name: 'responder_failed', responder: { code: 'broken' } });
    expect(seen).toEqual([1]);
  });

  it('is cancelled if the loop ends early, which ends the generator', async () => {
    const { asking, answering } = pair();
    let finished = () => {};
    const ended = new Promise<void>((resolve) => {
      finished = resolve;
    });
    await respond(answering, async function* ({ signal }) {
      try {
        for (let n = 0; !signal.aborted; n++) yield n;
      } finally {
        finished();
      }
    }).ready;
    for await (const n of requestMany<number>(asking, 1)) if (n === 20) break;
    await ended;
  });
});

describe('a responder', () => {
  it('resumes after a lost connection', async () => {
    const { asking, answering, bob } = pair();
    await respond(answering, () => 'back').ready;
    gateway.faults.drop('bob');
    await gateway.disconnected('bob');
    await bob.connect();
    await until(async () => expect(await request(asking, 1)).toBe('back'));
  });

  it('finishes its open requests after stop', async () => {
    const { asking, answering } = pair();
    let release = (_: string) => {};
    const answer = new Promise<string>((resolve) => {
      release = resolve;
    });
    const handler = vi.fn(() => answer);
    const responder = respond(answering, handler);
    await responder.ready;
    const asked = request(asking, 1);
    await until(() => expect(handler).toHaveBeenCalledOnce());
    const stopped = responder.stop();
    release('done');
    await stopped;
    expect(await asked).toBe('done');
  });

  it('exists once per channel and client, and can respond again after stop', async () => {
    const { asking, answering } = pair();
    const first = respond(answering, () => 1);
    expect(() => respond(answering, () => 2)).toThrow('responds already');
    await first.stop();
    await respond(answering, () => 3).ready;
    expect(await request(asking, 1)).toBe(3);
  });

  it('reports a refusal', async () => {
    const { bob } = pair();
    const onError = vi.fn();
    const { ready } = respond(bob.channel('closed:a'), () => 1, { onError });
    expect(await refusal(ready)).toMatchObject({ name: 'permission_denied' });
    expect(onError.mock.calls).toMatchObject([[{ name: 'permission_denied' }]]);
  });
});
