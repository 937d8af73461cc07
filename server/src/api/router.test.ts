import { describe, expect, it } from 'vitest';
import { DevAccess } from '../auth/dev-access.ts';
import { EventBus, type Events } from '../events.ts';
import { type HttpReply, MAX_BODY, type RequestHead } from '../transport/http.ts';
import type { Route } from './route.ts';
import { createRouter } from './router.ts';

const routes: Route[] = [
  { method: 'GET', path: '/a', summary: '', handle: () => ({ status: 200, body: 'got' }) },
  { method: 'POST', path: '/a', summary: '', handle: async () => ({ status: 200, body: 'posted' }) },
  {
    method: 'GET',
    path: '/boom',
    summary: '',
    handle: () => {
      throw new Error('a secret');
    },
  },
  { method: 'POST', path: '/boom', summary: '', handle: () => Promise.reject(new Error('a secret')) },
];

const head = (method: string, path: string, more: Partial<RequestHead> = {}): RequestHead => ({
  method,
  path,
  query: new URLSearchParams(),
  headers: new Map(),
  address: '',
  bodyLength: 0,
  ...more,
});
const readBody = async () => new Uint8Array();

function setUp(files?: (request: RequestHead) => HttpReply | null) {
  const events = new EventBus();
  const requests: Events['request'][] = [];
  const faults: Events['fault'][] = [];
  events.on('request', (event) => requests.push(event));
  events.on('fault', (event) => faults.push(event));
  const router = createRouter({ routes, events, files });
  const ask = async (method: string, path: string) => router.handle({ ...head(method, path), readBody });
  return { ask, requests, faults };
}

describe('the router', () => {
  it.each([
    ['GET', '/a', 200],
    ['HEAD', '/a', 200],
    ['POST', '/a', 200],
    ['PUT', '/a', 405],
    ['GET', '/A', 404],
    ['GET', '/a/', 404],
    ['GET', '/%61', 404],
    ['OPTIONS', '/nowhere', 404],
  ])('%s %s: %i', async (method, path, status) => {
    const { ask, requests } = setUp();
    expect((await ask(method, path)).status).toBe(status);
    expect(requests).toEqual([{ method, path, status, duration: expect.any(Number) }]);
  });

  it('lists the methods of a path', async () => {
    expect((await setUp().ask('DELETE', '/a')).headers).toMatchObject({ Allow: 'GET, POST' });
  });

  it.each(['GET', 'POST'])('answers a bug in the gateway (%s) without its message, and reports it', async (method) => {
    const { ask, faults } = setUp();
    const reply = await ask(method, '/boom');
    expect(reply.status).toBe(500);
    expect(String(reply.body)).not.toContain('secret');
    expect(faults).toEqual([{ where: `${method} /boom`, error: expect.objectContaining({ message: 'a secret' }) }]);
  });

  it('looks for files if there is no route, for GET and HEAD only', async () => {
    const { ask } = setUp(({ path }) => (path === '/file' ? { status: 200, body: 'file' } : null));
    expect((await ask('GET', '/file')).body).toBe('file');
    expect((await ask('HEAD', '/file')).status).toBe(200);
    expect((await ask('POST', '/file')).status).toBe(404);
    expect((await ask('GET', '/a')).body).toBe('got');
    expect((await ask('GET', '/other')).status).toBe(404);
  });
});

describe('the body of a request', () => {
  const known: Route = {
    method: 'POST',
    path: '/b',
    summary: '',
    takesBody: () => 'known',
    handle: () => ({ status: 200 }),
  };
  const dev = new DevAccess({ host: '127.0.0.1', allowedHosts: [] });
  const router = createRouter({ routes: [...routes, known], events: new EventBus(), dev });
  const headers = (name: string, value: string) => ({ headers: new Map([[name, value]]) });

  it.each<[string, string, Partial<RequestHead>]>([
    ['at a path without a body', '/a', {}],
    ['at an unknown path', '/nowhere', {}],
    ['that is too large', '/b', { bodyLength: MAX_BODY + 1 }],
    ['that is compressed', '/b', headers('content-encoding', 'br')],
    ['that is not JSON', '/b', headers('content-type', 'image/png')],
    ['under a foreign host', '/b', headers('host', 'evil.example')],
    ['with an ambiguous head', '/b', { fault: 'two hosts' }],
  ])('is not read %s', (_, path, more) => {
    expect(router.wantsBody(head('POST', path, { bodyLength: 10, ...more }))).toBeNull();
  });

  it.each([10, MAX_BODY, Number.POSITIVE_INFINITY])('is read if it may have %d bytes', (bodyLength) => {
    expect(router.wantsBody(head('POST', '/b', { bodyLength }))).toBe('known');
  });
});

it('an answer repeats only the beginning of a path, escaped', async () => {
  const { ask } = setUp();
  const { body } = await ask('GET', `/"\u0007${'x'.repeat(5_000)}`);
  expect(String(body).length).toBeLessThan(1_000);
  expect(String(body)).toContain('/??xxx');
});
