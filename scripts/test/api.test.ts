import { beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error a plain script, without types
import { current, currentApi } from '../docs.mjs';
// @ts-expect-error likewise
import { apiReference } from '../src/api.mjs';

const MINUTE = 60_000;

describe('the API reference', () => {
  let reference: { pages: Record<string, string>; undocumented: readonly string[] };
  beforeAll(async () => {
    reference = await apiReference();
  }, 2 * MINUTE);

  it('matches the doc comments (run "node scripts/docs.mjs" after a build)', () => {
    expect((currentApi as () => string[])()).toEqual(Object.keys(reference.pages).sort());
    for (const [name, page] of Object.entries(reference.pages)) {
      expect((current as (name: string) => string)(`api/${name}`), name).toBe(page);
    }
  });

  it('covers all exports, with an example for every function', () => {
    expect(reference.undocumented).toEqual([]);
  });

  it('does not depend on the machine or the date', () => {
    const all = Object.values(reference.pages).join('\n');
    expect(all).not.toContain(process.cwd());
    expect(all).not.toMatch(/node_modules|\b20\d\d-\d\d-\d\d\b/);
  });
});
