import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { installSpec, loadClient } from './load-client.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const { peerDependencies } = JSON.parse(read('../package.json')) as { peerDependencies: Record<string, string> };
const GUIDES = '../../docs/bridges/';

describe('the command that installs a client', () => {
  it('is in the error of a client that is missing, with the version that bridges need', async () => {
    const missing = () => Promise.reject(Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' }));
    await expect(loadClient('b', ['@platformatic/kafka', 'pg'], missing)).rejects.toThrow(
      'The bridge "b" needs @platformatic/kafka and pg. Run: npm install @platformatic/kafka@1.35 pg@8',
    );
  });

  it('has a version for every client', () => {
    const clients = Object.keys(peerDependencies).filter((name) => name !== '@sluice/server');
    expect(clients.map(installSpec).filter((spec) => !/.@\d+(\.\d+)?$/.test(spec))).toEqual([]);
  });

  it('is that of the image', () => {
    expect(read('../../docs/bridges.md')).toContain(
      `npm install --prefix / --no-audit --no-fund ${installSpec('amqplib')}\n`,
    );
  });

  it.each(readdirSync(new URL(GUIDES, import.meta.url)))('is that of the guide %s', (guide) => {
    const [, names = ''] = /^npm install @sluice\/bridges (.+)$/m.exec(read(`${GUIDES}${guide}`)) ?? [];
    const specs = names.split(' ');
    expect(specs).toEqual(specs.map((spec) => installSpec(spec.replace(/(.)@.*$/, '$1'))));
    expect(specs.join()).toMatch(/@\d/);
  });
});
