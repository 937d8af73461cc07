import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientOptions } from '../src/api.ts';
import { createClient } from '../src/client.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { FakeGateway, turn } from './support/fake-gateway.ts';
import { ODD_VALUES, OPTIONS } from './support/option-table.ts';

beforeEach(() => void vi.useFakeTimers());

afterEach(restoreGlobals);

/** The error that a call throws or rejects with synchronously; `undefined` if none. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    const result = call();
    if (!(result instanceof Promise)) return undefined;
    const late = Symbol('late');
    const outcome = await Promise.race([result.catch((error: unknown) => error), turn().then(() => late)]);
    result.catch(() => {});
    return outcome === late ? undefined : outcome;
  } catch (error) {
    return error;
  }
}

describe('every option of the client', () => {
  it.each(OPTIONS)(
    '$name accepts valid values and rejects others with a message that names the expected type',
    async (row) => {
      const { name, takes, give, allowed } = row;
      let refused = 0;
      for (const [value, kind] of ODD_VALUES) {
        const client = new FakeGateway().client();
        client.on('error', () => {});
        const failure = await failureOf(() => give(client, value as never));
        const what = `${name}: ${String(value)}`;
        // 0 is a valid time.
        if (value === 0 && name === 'timeout') expect(failure).toMatchObject({ name: 'timed_out' });
        else if (takes.includes(kind)) expect(failure, what).toBeUndefined();
        else {
          refused++;
          expect(failure, what).toMatchObject({ name: 'option_invalid', code: 4406, retryable: false });
          expect((failure as Error).message, what).toContain(`"${name}"`);
          expect((failure as Error).message, what).toMatch(allowed);
          const shown = typeof value === 'number' ? String(value) : kind;
          expect((failure as Error).message, what).toContain(`not ${shown}.`);
        }
        client.close();
      }
      expect(refused).toBeGreaterThan(8);
    },
  );

  it.each(OPTIONS.filter(({ name }) => !['onMessage', 'handler', 'compare', 'listener', 'name'].includes(name)))(
    '$name can be undefined',
    async ({ give }) => {
      const client = new FakeGateway().client();
      expect(await failureOf(() => give(client, undefined as never))).toBeUndefined();
      client.close();
    },
  );

  it.each(OPTIONS.filter(({ name }) => ['onMessage', 'handler', 'compare', 'listener', 'name'].includes(name)))(
    '$name is required',
    async ({ give }) => {
      const client = new FakeGateway().client();
      expect(await failureOf(() => give(client, undefined as never))).toMatchObject({ name: 'option_invalid' });
    },
  );
});

describe('createClient', () => {
  const TAKES: Readonly<Record<string, readonly string[]>> = {
    token: ['string', 'function'],
    tokenUrl: ['string', 'object'],
    codec: ['object'],
    WebSocket: ['function'],
    timeout: ['whole number', 'real number'],
    autoConnect: ['boolean'],
    shareTabs: ['boolean'],
    debug: ['boolean'],
  };

  it.each(Object.entries(TAKES))(
    'rejects other values of %s with a message that names the expected type',
    (name, takes) => {
      for (const [value, kind] of ODD_VALUES) {
        const make = () => createClient({ url: 'ws://gateway.test/ws', [name]: value });
        if (takes.includes(kind)) expect(make, String(value)).not.toThrow();
        else expect(make, String(value)).toThrow(expect.objectContaining({ name: 'option_invalid' }));
      }
      expect(() => createClient({ url: 'ws://gateway.test/ws', [name]: undefined })).not.toThrow();
    },
  );

  it.each([
    undefined,
    null,
    '',
    'localhost:8080',
    'localhost:8080/ws',
    'ftp://example.com/ws',
    'javascript:alert(1)',
    'ws:localhost:8080/ws',
    'ws://',
    'https:/example.com',
  ])('rejects %o as a URL', (url) => {
    expect(() => createClient({ url: url as string })).toThrow(
      expect.objectContaining({ name: 'option_invalid', message: expect.stringContaining('wss://example.com/ws') }),
    );
  });

  it.each(['/ws', 'ws', '//gateway.test/ws', '?at=10:00'])('requires a full URL outside a page: %s', (url) => {
    expect(() => createClient({ url })).toThrow(
      expect.objectContaining({
        name: 'option_invalid',
        message: `"url" must be a full URL like wss://example.com/ws, not ${url}.`,
      }),
    );
  });

  it.each(['tokenURL', 'filters', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'rejects the unknown option %s',
    async (name) => {
      const options = JSON.parse(`{ "url": "ws://gateway.test/ws", "${name}": 5 }`) as ClientOptions;
      const refused = expect.objectContaining({ name: 'option_invalid', message: `"${name}" is not an option.` });
      expect(() => createClient(options)).toThrow(refused);
      const unknown = JSON.parse(`{ "${name}": 5 }`);
      const channel = new FakeGateway().client().channel('a');
      expect(() => channel.subscribe(() => {}, unknown)).toThrow(refused);
      await expect((async () => channel.publish(1, unknown))()).rejects.toEqual(refused);
      await expect((async () => channel.history(unknown))()).rejects.toEqual(refused);
    },
  );

  it.each([undefined, null, 5, 'ws://gateway.test/ws'])('requires options: %o', (options) => {
    expect(() => createClient(options as unknown as ClientOptions)).toThrow(
      expect.objectContaining({ name: 'option_invalid' }),
    );
  });

  it.each([
    ['ws://gateway.test', 'ws://gateway.test/ws'],
    ['wss://gateway.test:8443/', 'wss://gateway.test:8443/ws'],
    ['https://gateway.test?x=a:b', 'https://gateway.test/ws?x=a:b'],
    [new URL('ws://gateway.test'), 'ws://gateway.test/ws'],
    ['ws://gateway.test/other', 'ws://gateway.test/other'],
    ['WSS://gateway.test/a/', 'WSS://gateway.test/a/'],
    ['/ws', '/ws'],
    ['ws', 'ws'],
    ['/ws?at=10:00', '/ws?at=10:00'],
    ['//gateway.test/ws', '//gateway.test/ws'],
  ])('resolves %s to %s', async (url, expected) => {
    vi.stubGlobal('location', new URL('https://gateway.test/'));
    const gateway = new FakeGateway();
    void gateway.client({ url }).connect();
    await turn();
    expect(gateway.requests.map((request) => request.url)).toEqual([expected]);
  });

  it('explains what to install if there is no WebSocket', async () => {
    vi.stubGlobal('WebSocket', undefined);
    await expect(createClient({ url: 'ws://gateway.test' }).connect()).rejects.toMatchObject({
      name: 'closed',
      message: expect.stringContaining('pass { WebSocket } of ws'),
    });
  });
});
