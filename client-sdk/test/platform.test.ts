import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../src/client.ts';
import type { WebSocketConstructor } from '../src/socket.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, FakeSocket, pass, turn } from './support/fake-gateway.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));

afterEach(restoreGlobals);

/**
 * Features that platforms may lack: test environments with a simulated page, an old React Native, a
 * sandbox.
 */
const LACKING = [
  'TextEncoder',
  'TextDecoder',
  'structuredClone',
  'AbortController',
  'AbortSignal',
  'URL',
  'performance',
  'document',
  'window',
  'navigator',
  'localStorage',
  'fetch',
  'reportError',
  'MessageChannel',
  'Event',
  'EventTarget',
  'addEventListener',
  'Blob',
  'Buffer',
  'process',
  'setImmediate',
] as const;

describe.each([...LACKING.map((name) => [name]), [...LACKING]])('without %s', (...names) => {
  it('connects, publishes non-ASCII text, subscribes and reconnects', async () => {
    for (const name of names) vi.stubGlobal(name, undefined);
    const gateway = new FakeGateway();
    const client = gateway.client();
    client.on('state', () => {});
    const seen: unknown[] = [];
    client.channel('a').subscribe(({ data }) => seen.push(data));
    const published = client.channel('a').publish({ text: 'Grüße, 世界 🎉 \ud800' });
    await turn();
    await gateway.socket.accept();
    gateway.socket.subscribed();
    gateway.socket.reply('publish', { id: 'm', epoch: 'e1', offset: 1 });
    gateway.socket.messages('a', [1]);
    expect(await published).toMatchObject({ offset: 1 });
    gateway.socket.drop();
    await pass(1000);
    await gateway.socket.accept();
    expect([client.state, seen]).toEqual(['connected', [1]]);
    client.close();
  });
});

it('counts bytes, not characters, without a TextEncoder', async () => {
  const { packFrame } = await import('../src/frame.ts');
  const { json } = await import('@sluice/protocol');
  for (const text of ['abc', 'Grüße', '世界', '🎉🎉', 'a\u0000b', '\ud800x', '\u07ff\u0800\uffff']) {
    const { data, size } = packFrame([{ type: 'ping', id: 1, text } as never], { codec: json, limit: 1 });
    expect(size).toBe(Buffer.byteLength(data as string));
  }
});

describe('a socket that can be terminated', () => {
  class CutSocket extends FakeSocket {
    cut = 0;
    terminate(): void {
      this.cut++;
    }
  }

  async function connected(): Promise<{ sockets: CutSocket[]; client: ReturnType<typeof createClient> }> {
    const gateway = new FakeGateway();
    const sockets: CutSocket[] = [];
    const WebSocket = class extends CutSocket {
      constructor() {
        super(gateway.codec);
        sockets.push(this);
      }
    } as unknown as WebSocketConstructor;
    const client = createClient({ url: 'ws://gateway.test/ws', WebSocket });
    void client.connect();
    await turn();
    await sockets[0]?.accept();
    return { sockets, client };
  }

  it('is terminated three seconds after an unanswered close', async () => {
    const { sockets, client } = await connected();
    client.close();
    expect([sockets[0]?.closedWith, sockets[0]?.cut, vi.getTimerCount()]).toEqual([1000, 0, 1]);
    await pass(3000);
    expect([sockets[0]?.cut, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('is not terminated if the peer answers the close', async () => {
    const { sockets, client } = await connected();
    client.close();
    sockets[0]?.drop(1000);
    expect(vi.getTimerCount()).toBe(0);
    await pass(5000);
    expect(sockets[0]?.cut).toBe(0);
  });

  it('is terminated when the heartbeat times out', async () => {
    const { sockets, client } = await connected();
    await pass(25_000 + 10_000 + 1000);
    expect(client.state).not.toBe('connected');
    await pass(3000);
    expect(sockets[0]?.cut).toBe(1);
    client.close();
  });

  it('is not terminated if the peer closed it', async () => {
    const { sockets, client } = await connected();
    sockets[0]?.drop(1006);
    await pass(200);
    client.close();
    await pass(5000);
    expect(sockets[0]?.cut).toBe(0);
  });
});
