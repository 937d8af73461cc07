import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DevAccess } from './dev-access.ts';

const ownAddresses = () => ['127.0.0.1', '192.168.7.20', '::1', 'fd00::1:2', 'fe80::1%eth0'];
const access = (host = '127.0.0.1', allowedHosts: string[] = []) => new DevAccess({ host, allowedHosts, ownAddresses });

const LOOPBACK = [
  'localhost',
  'LocalHost',
  'app.localhost',
  'localhost.',
  '127.0.0.1',
  '127.9.8.7',
  '[::1]',
  '[0:0::1]',
];
/** Other ways to write 127.0.0.1, and ::ffff:127.0.0.1. */
const LOOPBACK_WRITTEN = [
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '127.1',
  '0x7f.1',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
];
const ELSEWHERE = [
  'evil.example',
  'evil.example.',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'notlocalhost',
  'localhost-evil',
  '127.0.0.1.nip.io',
  '203.0.113.9',
  '3405803785',
  '0xcb007109',
  '128.0.0.1',
  '0.0.0.0',
  '[::]',
  '[::ffff:203.0.113.9]',
  '[::ffff:8000:1]',
  '[2001:db8::1]',
  '[::2]',
  '[1::1]',
  '[::7f00:1]',
  '[64:ff9b::7f00:1]',
  '192.168.7.20',
  '[fd00::1:2]',
  'example',
  'xn--lcalhost-e4a',
  'lоcalhost',
];

describe('a development gateway that listens on the loopback address', () => {
  it.each([...LOOPBACK, ...LOOPBACK_WRITTEN])('can be reached as %s', (name) => {
    for (const host of [name, `${name}:8080`]) expect(access().isHostAllowed(host), host).toBe(true);
  });

  it.each([
    ...ELSEWHERE,
    ...[
      'localhost@evil.example',
      'evil.example@localhost',
      'user:pw@localhost',
      'localhost/evil',
      'localhost?x',
      'localhost#x',
    ],
    ...[
      'localhost\\x',
      ':8080',
      '[::1',
      '::1',
      '127.0.0.1:x',
      'localhost, evil.example',
      'localhost evil',
      '[localhost]',
    ],
  ])('cannot be reached as %s', (name) => {
    for (const host of [name, `${name}:8080`]) expect(access().isHostAllowed(host), host).toBe(false);
  });

  it('can be reached by programs that send no Host', () => {
    expect(access().isHostAllowed('')).toBe(true);
  });

  it.each([...LOOPBACK, ...LOOPBACK_WRITTEN])('serves pages of %s, on any port', (name) => {
    for (const origin of [`http://${name}`, `https://${name}`, `http://${name}:5173`, `HTTP://${name}:80`]) {
      expect(access().isOriginAllowed(origin, 'localhost:8080'), origin).toBe(true);
    }
  });

  it.each([
    ...ELSEWHERE.map((name) => `http://${name}`),
    ...ELSEWHERE.map((name) => `http://${name}:8080`),
    ...['', 'null', 'file://', 'file:///', 'data:text/html,x', 'localhost', '//localhost', 'about:blank', 'http://'],
    ...[
      'http://localhost@evil.example',
      'http://evil.example@localhost',
      'http://:x@localhost',
      'http://localhost/path',
    ],
    ...['http://localhost?x', 'http://localhost#x', 'http://evil.example#.localhost', 'http://evil.example/.localhost'],
  ])('refuses pages of %s', (origin) => {
    expect(access().isOriginAllowed(origin, 'localhost:8080')).toBe(false);
  });

  it('refuses a page that made its own name resolve to this machine', () => {
    expect(access().isOriginAllowed('http://evil.example:8080', 'evil.example:8080')).toBe(false);
    expect(access().isHostAllowed('evil.example:8080')).toBe(false);
  });

  it('serves apps in a shell with its own origins, such as Capacitor', () => {
    expect(access().isOriginAllowed('capacitor://localhost', 'localhost:8080')).toBe(true);
    expect(access().isOriginAllowed('capacitor://evil.example', 'localhost:8080')).toBe(false);
  });

  it('refuses names that only contain "localhost" or "127.0.0.1"', () => {
    const part = fc.stringMatching(/^[a-z0-9.-]{0,8}$/);
    const kernel = fc.constantFrom('localhost', '127.0.0.1', '2130706433', '::1');
    fc.assert(
      fc.property(part, kernel, part, (before, name, after) => {
        const host = `${before}${name}${after}.example`;
        expect(access().isHostAllowed(host)).toBe(false);
        expect(access().isOriginAllowed(`http://${host}`, 'localhost:8080')).toBe(false);
      }),
    );
  });
});

describe.each(['0.0.0.0', '::', '192.168.7.20'])('a development gateway that listens on %s', (bound) => {
  it.each(['192.168.7.20', '[fd00::1:2]', '[fd00:0:0::1:0002]', 'localhost'])('can be reached as %s', (name) => {
    expect(access(bound).isHostAllowed(`${name}:8080`)).toBe(true);
  });

  it.each(['192.168.7.21', 'evil.example', '0.0.0.0', '[::]'])('cannot be reached as %s', (name) => {
    expect(access(bound).isHostAllowed(`${name}:8080`)).toBe(false);
  });

  it('serves pages of its own addresses only, on any port', () => {
    const allowed = (origin: string) => access(bound).isOriginAllowed(origin, '192.168.7.20:8080');
    expect(allowed('http://192.168.7.20:5173')).toBe(true);
    expect(allowed('http://[fd00::1:2]:5173')).toBe(true);
    expect(allowed('http://192.168.7.21:5173')).toBe(false);
    expect(allowed('http://203.0.113.9')).toBe(false);
  });
});

describe('allowedHosts', () => {
  const named = access('127.0.0.1', ['app.test', 'Tunnel.Example']);

  it.each(['app.test', 'APP.test:8080', 'tunnel.example', 'app.test.'])(
    'allows the gateway to be reached as %s',
    (host) => {
      expect(named.isHostAllowed(host)).toBe(true);
    },
  );

  it.each(['evil.test', 'x.app.test', 'app.test.evil.example'])('does not allow it to be reached as %s', (host) => {
    expect(named.isHostAllowed(host)).toBe(false);
  });

  it("serves pages of the gateway's own host and port, but not of other ports", () => {
    expect(named.isOriginAllowed('http://app.test:8080', 'app.test:8080')).toBe(true);
    expect(named.isOriginAllowed('http://app.test', 'app.test:80')).toBe(true);
    expect(named.isOriginAllowed('http://app.test:5173', 'app.test:8080')).toBe(false);
    expect(named.isOriginAllowed('http://app.test:8080', 'localhost:8080')).toBe(false);
  });
});
