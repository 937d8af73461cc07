import { describe, expect, it } from 'vitest';
import { AppDirectory } from './app-directory.ts';

const directory = new AppDirectory([
  { name: 'shop', at: { path: '/apps/shop' } },
  { name: 'deep', at: { path: '/apps/of/ours/deep' } },
  { name: 'top', at: { path: '/top' } },
  { name: 'blog', at: { host: 'blog.example' } },
]);

describe('AppDirectory', () => {
  it.each([
    ['/apps/shop/ws', [], 'shop', '/ws'],
    ['/apps/shop', [], 'shop', '/'],
    ['/apps/shop/', [], 'shop', '/'],
    ['/apps/shop//ws', [], 'shop', '//ws'],
    ['/apps/of/ours/deep/api/v1/publish', [], 'deep', '/api/v1/publish'],
    ['/top/ws', [], 'top', '/ws'],
    ['/apps/shopping/ws', [], undefined, '/apps/shopping/ws'],
    ['/apps/Shop/ws', [], undefined, '/apps/Shop/ws'],
    ['/apps%2Fshop/ws', [], undefined, '/apps%2Fshop/ws'],
    ['//apps/shop/ws', [], undefined, '//apps/shop/ws'],
    ['/x/apps/shop/ws', [], undefined, '/x/apps/shop/ws'],
    ['/apps', [], undefined, '/apps'],
    ['/', [], undefined, '/'],
    ['', [], undefined, ''],
    ['/ws', ['blog.example'], 'blog', '/ws'],
    ['/ws', ['BLOG.example:8080'], 'blog', '/ws'],
    ['/ws', ['blog.example.'], 'blog', '/ws'],
    ['/ws', ['blog.example.:443'], 'blog', '/ws'],
    ['/ws', ['proxy.example', 'blog.example'], 'blog', '/ws'],
    ['/ws', ['my.blog.example'], undefined, '/ws'],
    ['/ws', ['[::1]:8080', ''], undefined, '/ws'],
    ['/apps/shop/ws', ['blog.example'], 'shop', '/ws'],
  ])('finds the app of %s at %j: %s, %s', (path, hosts, app, rest) => {
    const found = directory.find(path, hosts);
    expect(found).toMatchObject({ app, path: rest });
    expect([path, `${path}/`]).toContain(`${found.base}${rest}`);
  });

  it('compares only as many segments as its longest path has', () => {
    const path = '/a'.repeat(10_000);
    expect(directory.find(path, [])).toEqual({ app: undefined, path, base: '' });
  });
});
