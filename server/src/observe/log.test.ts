import { Writable } from 'node:stream';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';
import { describe, expect, it } from 'vitest';
import { tokenFor } from '../../test/support/tokens.ts';
import { createWorld } from '../../test/support/world.ts';
import { createLogger } from './log.ts';

/** A word in everything that must not be logged. */
const SECRET = 'xyzzy';

describe('the log', () => {
  it('contains no token and no payload, at every level', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'trace', format: 'json', destination: { write: (line) => lines.push(line) } });
    const world = await createWorld({}, { log });
    const clock = () => world.clock.now();
    const token = await tokenFor('ada', { clock, claims: { note: SECRET } });
    const { client } = await world.connect(token);
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    const draft = { data: { [SECRET]: SECRET }, event: SECRET, tags: { [SECRET]: SECRET }, key: SECRET };
    await client.result({ type: 'publish', channel: 'chat:a', ...draft });
    await client.result({ type: 'history', channel: 'chat:a' });
    await client.request({ type: 'publish', channel: 'user:ben', ...draft });
    await client.request({ type: 'publish', channel: 'chat:a', data: SECRET.repeat(20_000) });
    client.sendBytes(`{"type":"publish","id":90,"channel":"chat:a","data":{"${SECRET}":["${SECRET}",1e999]}}`);
    client.sendBytes(`{"${SECRET}`);
    client.sendValue({ type: 'publish', id: 91, channel: 'chat:a', data: 1, tags: { [SECRET]: 5 } });
    await client.request({ type: 'refresh', token: `${token}${SECRET}` });
    await client.request({ type: 'refresh', token: SECRET });
    const refused = world.open();
    refused.client.send({ type: 'connect', token: `${token.slice(0, -4)}${SECRET}` });
    await refused.client.ended();
    const headers = { authorization: `Bearer ${token}` };
    await world.transport.request({
      method: 'POST',
      path: '/api/v1/publish',
      headers,
      body: { channel: 'chat:a', ...draft },
    });
    await world.transport.request({
      method: 'POST',
      path: '/api/v1/publish',
      headers: { authorization: `Bearer ${SECRET}` },
    });
    await world.transport.request({ path: '/nowhere', query: `token=${SECRET}` });
    const closing = world.gateway.close();
    await world.idle();
    world.clock.advance(60_000);
    await closing;
    const text = lines.join('');
    expect(text).not.toContain(SECRET);
    for (const part of token.split('.').slice(1)) expect(text).not.toContain(part);
    expect(lines.length).toBeGreaterThan(15);
    const kinds = new Set(lines.map((line) => (JSON.parse(line) as { msg: string }).msg));
    for (const kind of [
      'gateway started',
      'connection opened',
      'subscribed',
      'refused',
      'request',
      'connection closed',
    ]) {
      expect(kinds).toContain(kind);
    }
  });

  it('names connection and channel', async () => {
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
    const world = await createWorld({}, { log: createLogger({ level: 'info', format: 'json', destination }) });
    const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    await client.request({ type: 'subscribe', channel: 'user:ben' });
    expect(lines.at(-1)).toMatchObject({
      msg: 'refused',
      connection: 'c1',
      command: 'subscribe',
      error: 'permission_denied',
      detail: expect.stringContaining('user:ben'),
    });
  });

  it('can be read by people', () => {
    expect(() => createLogger({ level: 'silent', format: 'pretty' })).not.toThrow();
  });
});

describe('the log for a terminal', () => {
  const written = (write: (log: Logger) => void) => {
    const lines: string[] = [];
    const destination = new Writable({
      write: (line, _, done) => {
        lines.push(String(line));
        done();
      },
    });
    const load = () => ((options) => pretty({ ...options, destination, colorize: false, sync: true })) as typeof pretty;
    write(createLogger({ level: 'info', format: 'pretty' }, load));
    return lines.join('');
  };

  it.each(['\u001b[2J', '\u009b2J', '\u007f', '\r', '\u0007'])(
    'shows control characters of a peer as text: %j',
    (text) => {
      const err = { __proto__: null, name: 'Error', message: text, stack: `Error: ${text}\n    at ${text}` };
      const output = written((log) => log.info({ origin: text, list: [text], err, nested: { text } }, 'refused'));
      expect(output).toContain('refused');
      expect(output).not.toMatch(/(?!\n)\p{Cc}/u);
      expect(output).toContain(`\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`);
    },
  );
});
