import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpReply, RequestHead } from '../transport/http.ts';
import { serveFolder } from './static-files.ts';

let folder: string;
let serve: (request: RequestHead) => HttpReply | null;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  mkdirSync(join(folder, 'site/assets'), { recursive: true });
  mkdirSync(join(folder, 'site/guide'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'site/index.html'), '<p>привет</p>');
  writeFileSync(join(folder, 'site/guide/index.html'), 'guide');
  writeFileSync(join(folder, 'site/assets/index-BfQ3x9Zk.js'), 'code');
  writeFileSync(join(folder, 'site/assets/plain.js'), 'code');
  writeFileSync(join(folder, 'site/icon.svg'), '<svg/>');
  writeFileSync(join(folder, 'site/odd.unknown-kind'), '?');
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'site/link.txt'));
  serve = serveFolder(join(folder, 'site'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const get = (path: string, headers: Record<string, string> = {}) =>
  serve({
    method: 'GET',
    path,
    query: new URLSearchParams(),
    headers: new Map(Object.entries(headers)),
    address: '',
    bodyLength: 0,
  });

describe('a folder', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
    ['/guide/', 'text/html; charset=utf-8', 'no-cache'],
    ['/assets/index-BfQ3x9Zk.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/plain.js', 'text/javascript; charset=utf-8', 'no-cache'],
    ['/icon.svg', 'image/svg+xml', 'no-cache'],
    ['/odd.unknown-kind', 'application/octet-stream', 'no-cache'],
  ])('serves %s as %s, %s', (path, type, caching) => {
    const reply = get(path);
    expect(reply).toMatchObject({
      status: 200,
      headers: { 'Content-Type': type, 'Cache-Control': caching, 'X-Content-Type-Options': 'nosniff' },
    });
  });

  it.each([
    '/nowhere',
    '/guide',
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '//index.html',
    '/assets',
    '/link.txt',
    '',
  ])('has no file at %j', (path) => {
    expect(get(path)).toBeNull();
  });

  it('is not sent again to clients that have it', () => {
    const etag = get('/')?.headers?.ETag ?? '';
    expect(etag).toMatch(/^".+"$/);
    const again = get('/', { 'if-none-match': etag });
    expect(again?.status).toBe(304);
    expect(get('/', { 'if-none-match': '"other"' })?.status).toBe(200);
    expect(get('/', { 'if-none-match': `"other", W/${etag}` })?.status).toBe(304);
    expect(get('/', { 'if-none-match': '*' })?.status).toBe(304);
    expect(get('/icon.svg')?.headers?.ETag).not.toBe(etag);
  });

  it('that does not exist is an error at the start', () => {
    expect(() => serveFolder(join(folder, 'nowhere'))).toThrow(/ENOENT/);
  });
});
