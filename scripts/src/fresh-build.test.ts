import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectFresh, findStale } from './fresh-build.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-fresh-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A file of the server, written this many seconds after the others. */
function write(file: string, seconds: number): string {
  const path = join(root, 'server', file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  utimesSync(path, 1_700_000_000 + seconds, 1_700_000_000 + seconds);
  return path;
}

describe('a build', () => {
  beforeEach(() => {
    write('src/index.ts', 0);
    write('src/cli/run.ts', 0);
    write('package.json', 0);
    write('dist/index.js', 10);
  });

  it('is up to date if it is newer than all its sources', () => {
    write('src/cli/run.test.ts', 20); // not a source
    write('README.md', 20);
    expect(findStale('server', root)).toBeUndefined();
    expectFresh(['server'], root);
  });

  it.each(['src/index.ts', 'src/cli/run.ts', 'src/new/file.ts', 'package.json', 'tsconfig.build.json'])(
    'is outdated if %s is newer',
    (file) => {
      const path = write(file, 11);
      expect(findStale('server', root)).toBe(path);
      expect(() => expectFresh(['server'], root)).toThrow(`is older than ${path}, or is missing: run "npm run build"`);
    },
  );

  it('is outdated if it is missing', () => {
    rmSync(join(root, 'server/dist'), { recursive: true });
    expect(() => expectFresh(['server'], root)).toThrow('run "npm run build"');
  });

  it('is of a workspace that is known', () => {
    expect(() => findStale('e2e', root)).toThrow('no build output is configured for e2e');
  });
});
