import { describe, expect, it } from 'vitest';
import { CHANNEL_OPTIONS } from './channel-options.ts';
import { OPTION_ROWS } from './options.ts';
import { configReference } from './reference.ts';

describe('the table of options', () => {
  it('has no duplicate names', () => {
    for (const names of [
      OPTION_ROWS.map(({ path }) => path),
      OPTION_ROWS.flatMap(({ flag }) => flag ?? []),
      OPTION_ROWS.flatMap(({ env }) => env ?? []),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('has defaults that are valid', () => {
    for (const option of OPTION_ROWS) {
      if (option.default !== undefined) expect(option.schema.safeParse(option.default).success, option.path).toBe(true);
    }
  });
});

describe('configReference', () => {
  const rows = configReference().split('\n');

  it.each(OPTION_ROWS.map(({ path }) => path))('has a row for %s', (path) => {
    expect(rows.filter((row) => row.startsWith(`| \`${path}\` |`))).toHaveLength(1);
  });

  it.each(Object.keys(CHANNEL_OPTIONS))('has a row for the %s of a rule', (name) => {
    expect(rows.some((row) => row.startsWith(`| \`${name}\` |`))).toBe(true);
  });
});
