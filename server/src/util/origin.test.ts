import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOriginOf, normalizeOrigin, originProblem } from './origin.ts';

describe('an origin', () => {
  it.each<[string, string | null]>([
    ['https://example.com', 'https://example.com'],
    ['HTTPS://Example.COM', 'https://example.com'],
    ['https://example.com:443', 'https://example.com'],
    ['http://example.com:80', 'http://example.com'],
    ['https://example.com:80', 'https://example.com:80'],
    ['https://example.com:8443', 'https://example.com:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['http://[0:0:0:0:0:0:0:1]', 'http://[::1]'],
    ['http://tauri.localhost', 'http://tauri.localhost'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['Capacitor://LocalHost', 'capacitor://localhost'],
    ['ionic://localhost', 'ionic://localhost'],
    ['tauri://localhost', 'tauri://localhost'],
    ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'],
    ['moz-extension://4f3c2b1a-0000-4000-8000-000000000000', 'moz-extension://4f3c2b1a-0000-4000-8000-000000000000'],
    [
      'safari-web-extension://0A1B2C3D-0000-4000-8000-000000000000',
      'safari-web-extension://0a1b2c3d-0000-4000-8000-000000000000',
    ],
    ['vscode-webview://abc', 'vscode-webview://abc'],
    ['app://.', 'app://.'],
    ['file://', 'file://'],
    ['null', 'null'],
    ['', null],
    ['*', null],
    ['NULL', null],
    ['https://', null],
    ['https:', null],
    ['https://example.com/', null],
    ['https://example.com/path', null],
    ['https://user@example.com', null],
    ['https://example.com:99999', null],
    ['https://exa mple.com', null],
    ['https://a.com https://b.com', null],
    ['https://a.com,https://b.com', null],
    ['https://*.example.com', null],
    ['example.com', null],
    ['//example.com', null],
    ['capacitor://', null],
    ['file:///home/ada/page.html', null],
    ['file://host', null],
    ['javascript:alert(1)', null],
    ['data:text/html,x', null],
  ])('%j is %j', (text, expected) => {
    expect(normalizeOrigin(text)).toBe(expected);
  });

  const web = fc.webUrl({ withFragments: true, withQueryParameters: true }).map((url) => new URL(url).origin);

  it('of the web is what browsers send for it, however it is written', () => {
    fc.assert(
      fc.property(web, fc.boolean(), (origin, loud) => {
        const { protocol, hostname, port } = new URL(origin);
        const full = `${protocol}//${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
        expect(normalizeOrigin(loud ? full.toUpperCase() : full)).toBe(origin);
      }),
    );
  });

  it('in normal form does not change, and only then has no fault', () => {
    fc.assert(
      fc.property(fc.oneof(web, fc.string(), fc.stringMatching(/^[a-z]{1,9}:\/\/[\w.:-]*$/)), (text) => {
        const once = normalizeOrigin(text);
        if (once !== null) expect(normalizeOrigin(once)).toBe(once);
        expect(originProblem(text) === null).toBe(once !== null);
      }),
    );
  });
});

describe('the fault of an invalid origin', () => {
  it.each([
    ['https://example.com/', 'slash at its end', '"https://example.com"'],
    ['capacitor://localhost/', 'slash at its end', '"capacitor://localhost"'],
    ['https://example.com/app', 'a path', '"https://example.com"'],
    ['wss://example.com', 'WebSocket', '"https://example.com"'],
    ['ws://localhost:8080', 'WebSocket', '"http://localhost:8080"'],
    ['https://*.example.com', 'pattern', '"*"'],
    ['example.com', 'no scheme', '"https://example.com"'],
    ['localhost:5173', 'no scheme', '"https://localhost:5173"'],
    ['https://a.com https://b.com', 'several', 'list'],
    ['', 'empty', '"https://example.com"'],
    ['https://user@example.com', 'not an origin', '"https://example.com"'],
  ])('%j', (text, wrong, remedy) => {
    expect(originProblem(text)).toContain(wrong);
    expect(originProblem(text)).toContain(remedy);
  });
});

describe('a page of the host itself', () => {
  it.each<[string, string, boolean]>([
    ['https://app.example.com', 'app.example.com', true],
    ['https://app.example.com', 'APP.example.com', true],
    ['https://app.example.com', 'app.example.com:443', true],
    ['http://app.example.com', 'app.example.com:80', true],
    ['http://app.example.com', 'app.example.com:443', false],
    ['https://app.example.com', 'app.example.com:80', false],
    ['https://app.example.com:8443', 'app.example.com:8443', true],
    ['https://app.example.com:8443', 'app.example.com', false],
    ['https://app.example.com', 'app.example.com:8443', false],
    ['https://app.example.com', 'app.example.com:', true],
    ['http://[::1]:8080', '[::1]:8080', true],
    ['http://[::1]', '[0:0:0:0:0:0:0:1]', true],
    ['https://xn--bcher-kva.example', 'xn--bcher-kva.example', true],
    ['https://app.example.com', 'evil.example.com', false],
    ['https://app.example.com', 'user@app.example.com', false],
    ['https://app.example.com', 'app.example.com/x', false],
    ['https://app.example.com', 'app.example.com,evil.example.com', false],
    ['https://app.example.com', '', false],
    ['file://', '', false],
    ['capacitor://localhost', 'localhost', false],
    ['null', 'null', false],
  ])('%s at %s: %s', (origin, host, expected) => {
    expect(isOriginOf(origin, host)).toBe(expected);
  });

  it('is the same with and without its default port', () => {
    const host = fc.domain();
    const scheme = fc.constantFrom(['http', 80] as const, ['https', 443] as const);
    fc.assert(
      fc.property(host, scheme, fc.integer({ min: 1, max: 65_535 }), (name, [protocol, standard], port) => {
        const bare = `${protocol}://${name}`;
        expect([isOriginOf(bare, name), isOriginOf(bare, `${name}:${standard}`)]).toEqual([true, true]);
        expect(isOriginOf(bare, `${name}:${port}`)).toBe(port === standard);
        const other = normalizeOrigin(`${bare}:${port}`) ?? '';
        expect(isOriginOf(other, `${name.toUpperCase()}:${port}`)).toBe(true);
        expect(isOriginOf(other, name)).toBe(port === standard);
      }),
    );
  });
});
