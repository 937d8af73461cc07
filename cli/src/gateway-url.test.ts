import { describe, expect, it } from 'vitest';
import { httpUrl, isLocal, socketUrl } from './gateway-url.ts';

describe('addresses of a gateway', () => {
  it.each([
    ['http://a.test:1', 'http://a.test:1/x', 'ws://a.test:1/ws'],
    ['https://a.test/', 'https://a.test/x', 'wss://a.test/ws'],
    ['ws://a.test/ws', 'http://a.test/x', 'ws://a.test/ws'],
    ['wss://a.test/rt/ws', 'https://a.test/rt/x', 'wss://a.test/rt/ws'],
    ['wss://a.test/socket', 'https://a.test/x', 'wss://a.test/socket'],
    ['http://a.test/apps/shop', 'http://a.test/apps/shop/x', 'ws://a.test/apps/shop/ws'],
    ['http://a.test/apps/shop/', 'http://a.test/apps/shop/x', 'ws://a.test/apps/shop/ws'],
    ['http://a.test/apps/shop/ws', 'http://a.test/apps/shop/x', 'ws://a.test/apps/shop/ws'],
  ])('of %s', (given, http, socket) => {
    expect(httpUrl(new URL(given), '/x').href).toBe(http);
    expect(socketUrl(new URL(given)).href).toBe(socket);
  });

  it.each([
    ['http://localhost:1', true],
    ['ws://127.0.0.1', true],
    ['ws://127.1.2.3', true],
    ['http://[::1]:1', true],
    ['http://localhost.a.test', false],
    ['http://10.0.0.1', false],
    ['http://127.0.0.1.a.test', false],
  ])('%s is on this machine: %s', (url, expected) => {
    expect(isLocal(new URL(url))).toBe(expected);
  });
});
