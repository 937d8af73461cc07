import { once } from 'node:events';
import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { EventReader, type ReadEvent } from './support/event-reader.ts';
import { exchange, request, statuses } from './support/raw-http.ts';
import { RealGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

let gateway: RealGateway;
const cuts: AbortController[] = [];

afterEach(async () => {
  for (const cut of cuts.splice(0)) cut.abort();
  await gateway.stop();
});

async function start(config: ConfigInput = {}): Promise<{ port: number; httpPort: number }> {
  gateway = new RealGateway({ httpPort: 0, drain: 0, ...config });
  const { port, httpPort = 0 } = await gateway.gateway.start();
  return { port, httpPort };
}

/** Reads events from a real port until `count` of a kind have arrived. */
async function follow(port: number, query = 'channel=chat:a', headers: Record<string, string> = {}) {
  const cut = new AbortController();
  cuts.push(cut);
  const authorization = `Bearer ${await tokenFor('ada')}`;
  const url = `http://127.0.0.1:${port}/sse?${query}`;
  const response = await fetch(url, { headers: { authorization, ...headers }, signal: cut.signal });
  const source = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventReader();
  const waiting: ReadEvent[] = [];
  const next = async (event: string): Promise<ReadEvent | null> => {
    for (;;) {
      const at = waiting.findIndex((found) => found.event === event);
      if (at !== -1) return waiting.splice(0, at + 1).at(-1) ?? null;
      const { done, value } = (await source?.read()) ?? { done: true };
      if (done || value === undefined) return null;
      waiting.push(...parser.read(value));
    }
  };
  return { response, parser, next, cut: () => cut.abort() };
}

const registered = () => gateway.services.registry.size;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.each(['port', 'httpPort'] as const)('event streams over the %s', (name) => {
  it('deliver messages, and are removed when their client disconnects', async () => {
    const port = (await start())[name];
    const reader = await follow(port);
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect((await reader.next('state'))?.data).toMatchObject({ channel: 'chat:a', state: 'live' });
    for (const data of [1, 2, 3]) {
      await gateway.gateway.publish('chat:a', data);
      expect((await reader.next('message'))?.data).toMatchObject({ offset: data, data });
    }
    reader.cut();
    await until(() => registered() === 0);
    expect(gateway.services.hub.size).toBe(0);
  });

  it('resume after a killed connection', async () => {
    const port = (await start())[name];
    const first = await follow(port);
    await gateway.gateway.publish('chat:a', 1);
    await first.next('message');
    first.cut();
    await gateway.gateway.publish('chat:a', 2);
    const again = await follow(port, 'channel=chat:a', { 'Last-Event-ID': first.parser.lastEventId });
    expect((await again.next('message'))?.data).toMatchObject({ offset: 2 });
  });

  it('buffer little for a reader that stops, which later catches up without a gap', async () => {
    const port = (await start({ limits: { outbound: '256KiB' } }))[name];
    const parser = new EventReader();
    const seen: unknown[] = [];
    const headers = { Authorization: `Bearer ${await tokenFor('ada')}` };
    const asked = http.get(`http://127.0.0.1:${port}/sse?channel=chat:a`, { headers });
    const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
    const pad = 'x'.repeat(50_000);
    for (let n = 0; n < 200; n++) {
      await gateway.gateway.publish('chat:a', pad);
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    response.setEncoding('utf8').on('data', (text: string) => {
      for (const { event, data } of parser.read(text)) seen.push(event === 'message' ? data.offset : event);
    });
    await until(() => seen.includes(200));
    asked.destroy();
    expect(seen.filter((entry) => typeof entry === 'number')).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
    expect(seen).not.toContain('gap');
  });

  it('end during a drain', async () => {
    const port = (await start())[name];
    const reader = await follow(port);
    await reader.next('state');
    const stopping = gateway.gateway.close();
    expect(await reader.next('message')).toBeNull();
    await stopping;
  });

  it('answer HEAD, OPTIONS and other methods', async () => {
    const port = (await start({ anonymous: true, channels: { 'a:{x}': { allow: { subscribe: 'anyone' } } } }))[name];
    const ask = async (line: string) => (await exchange(port, request(line, { Connection: 'close' }))).text;
    expect(statuses(await ask('HEAD /sse?channel=a:b'))).toEqual([200]);
    expect(await ask('OPTIONS /sse')).toMatch(/^HTTP\/1.1 204 [\s\S]*Access-Control-Allow-Methods: GET, POST/);
    expect(await ask('DELETE /sse')).toMatch(/^HTTP\/1.1 405 [\s\S]*Allow: GET\r\n/);
    expect(registered()).toBe(0);
  });
});
