import { describe, expect, it } from 'vitest';
// @ts-expect-error a plain script, without types
import { current, pages } from '../docs.mjs';

const generated = (await pages()) as Record<string, string>;

describe('generated reference pages', () => {
  it.each(Object.keys(generated))('docs/%s matches the code (run "node scripts/docs.mjs" after a build)', (name) => {
    expect((current as (name: string) => string)(name)).toBe(generated[name]);
  });
});
