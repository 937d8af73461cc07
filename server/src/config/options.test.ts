import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type { Config, ConfigInput } from './config.ts';
import { type InferInput, type InferOptions, option, rowsOf } from './options/option.ts';
import { OPTION_ROWS, OPTIONS, type Settings } from './options.ts';
import { Problems } from './problems.ts';
import { readComplete, readTable } from './read-table.ts';
import { configReference } from './reference.ts';
import { ConfigError, parseConfig } from './schema.ts';
import { duration, flag, size, whole } from './values.ts';

const SECRET = '0123456789abcdef0123456789abcdef';

const row = { defaultText: '', type: '', description: '' };
const TABLE = {
  count: option({ schema: whole({ min: 0, max: 9 }), default: 3, ...row }),
  wait: option({ schema: duration({ min: 0, max: 1000 }), ...row }),
  name: option({ schema: z.string({ error: 'must be a name. Example: "a"' }), required: true, ...row }),
  inner: { on: option({ schema: flag(), default: false, ...row }) },
};

function read(input: unknown): { values: InferOptions<typeof TABLE>; problems: readonly string[] } {
  const problems = new Problems();
  const values = readTable(TABLE, input, { problems });
  try {
    problems.throwIfAny();
  } catch (error) {
    if (error instanceof ConfigError) return { values, problems: error.problems };
    throw error;
  }
  return { values, problems: [] };
}

describe('a table of options', () => {
  it('defines the types of input and output', () => {
    expectTypeOf<InferOptions<typeof TABLE>>().toEqualTypeOf<{
      readonly count: number;
      readonly wait?: number;
      readonly name: string;
      readonly inner: { readonly on: boolean };
    }>();
    expectTypeOf<InferInput<typeof TABLE>>().toEqualTypeOf<{
      count?: number;
      wait?: number | string;
      name?: string;
      inner?: { on?: boolean };
    }>();
  });

  it('lists its options with their paths', () => {
    expect(rowsOf(TABLE).map(({ path }) => path)).toEqual(['count', 'wait', 'name', 'inner.on']);
  });

  it.each([
    [{ name: 'a' }, { count: 3, name: 'a', inner: { on: false } }],
    [
      { name: 'a', count: null, inner: null },
      { count: 3, name: 'a', inner: { on: false } },
    ],
    [
      { name: 'a', wait: '1s', inner: { on: true } },
      { count: 3, wait: 1000, name: 'a', inner: { on: true } },
    ],
  ])('reads %j as %j', (input, values) => {
    expect(read(input)).toEqual({ values, problems: [] });
  });

  it('reports all errors, and reads the rest', () => {
    expect(read({ count: 12, wait: '1s', inner: { on: 'yes', off: 1 }, nmae: 'a' })).toEqual({
      values: { count: 3, wait: 1000, inner: { on: false } },
      problems: [
        expect.stringContaining('count: '),
        expect.stringContaining('name: must be a name'),
        expect.stringContaining('inner.on: '),
        expect.stringContaining('inner.off: is not an option'),
        expect.stringContaining('nmae: is not an option'),
      ],
    });
  });

  it('is incomplete without a required option', () => {
    const at = { path: [], problems: new Problems() };
    expect(readComplete(TABLE, {}, at)).toBeUndefined();
    expect(readComplete(TABLE, { name: 'a', count: 'many' }, at)).toMatchObject({ name: 'a', count: 3 });
  });
});

describe('the table of options', () => {
  it('defines the types of the configuration', () => {
    expectTypeOf<Config['port']>().toEqualTypeOf<number>();
    expectTypeOf<Config['engine']>().toEqualTypeOf<'memory' | 'durable' | 'redis'>();
    expectTypeOf<Config['limits']['maxFrame']>().toEqualTypeOf<number>();
    expectTypeOf<Pick<Config, 'httpPort'>>().toEqualTypeOf<{ readonly httpPort?: number }>();
    expectTypeOf<ConfigInput['drain']>().toEqualTypeOf<string | number | undefined>();
    expectTypeOf<ConfigInput['workers']>().toEqualTypeOf<number | 'auto' | undefined>();
    // @ts-expect-error an option that no row has
    const input: ConfigInput = { prot: 1 };
    expect(() => parseConfig(input)).toThrow('Did you mean "port"?');
  });

  /** Valid and invalid values of some options, in combinations that users might write. */
  const VALUES: Readonly<Record<string, { readonly right: readonly unknown[]; readonly wrong: readonly unknown[] }>> = {
    port: { right: [0, 8080], wrong: [-1, 'http', 1.5] },
    drain: { right: [5, '7s'], wrong: ['soon', '2h', true] },
    trustProxy: { right: [true], wrong: ['yes', 0] },
    origins: { right: ['https://a.test', ['*']], wrong: [5, ['https://a.test/', 'b']] },
    'limits.maxFrame': { right: ['64KiB', 4096], wrong: ['1MB', 1] },
    'limits.subscriptions': { right: [7], wrong: [0, 'all'] },
    'limits.requests': { right: [7], wrong: [0, 'all'] },
    'log.level': { right: ['warn'], wrong: ['loud', 3] },
    workers: { right: [2, 'auto'], wrong: [0, 'many'] },
  };
  type Chosen = Record<string, { readonly value: unknown; readonly isRight: boolean }>;
  const choice = fc.record(
    Object.fromEntries(
      Object.entries(VALUES).map(([path, { right, wrong }]) => [
        path,
        fc.oneof(
          fc.constantFrom(...right).map((value) => ({ value, isRight: true })),
          fc.constantFrom(...wrong).map((value) => ({ value, isRight: false })),
        ),
      ]),
    ),
    { requiredKeys: [] },
  ) as fc.Arbitrary<Chosen>;

  function write(chosen: Chosen): ConfigInput {
    const input: Record<string, unknown> = { keys: [{ secret: SECRET }] };
    for (const [path, { value }] of Object.entries(chosen)) {
      const [name = '', inner] = path.split('.');
      input[name] = inner === undefined ? value : { ...(input[name] as object | undefined), [inner]: value };
    }
    return input as ConfigInput;
  }

  const valueAt = (settings: unknown, path: string): unknown =>
    path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], settings);

  it('checks every value, and reports all invalid ones at once', () => {
    fc.assert(
      fc.property(choice, (chosen) => {
        const input = write(chosen);
        const problems = new Problems();
        const settings: Settings = readTable(OPTIONS, input, { problems });
        for (const { path, schema, default: fallback } of OPTION_ROWS) {
          const given = chosen[path];
          const checked = given === undefined ? undefined : schema.safeParse(given.value);
          if (path !== 'keys')
            expect(valueAt(settings, path), path).toEqual(checked?.success ? checked.data : fallback);
        }
        const wrong = Object.entries(chosen).filter(([, { isRight }]) => !isRight);
        const results = problemsOf(input).map((problem) => /^[\w.]+/.exec(problem)?.[0]);
        expect([...new Set(results)].sort()).toEqual(wrong.map(([path]) => path).sort());
      }),
      { numRuns: 300 },
    );
  });

  function problemsOf(input: ConfigInput): readonly string[] {
    try {
      parseConfig(input, { env: {} });
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  }

  it('reports each wrong entry of a list', () => {
    expect(problemsOf({ keys: [{ secret: SECRET }], origins: ['https://a.test/', 'b'] })).toEqual([
      expect.stringMatching(/^origins\[0\]: /),
      expect.stringMatching(/^origins\[1\]: /),
    ]);
  });

  it('passes settings to the configuration unchanged, unless they are derived', () => {
    const config: Config = parseConfig({ keys: [{ secret: SECRET }] });
    const meansMore = [
      'host',
      'contracts',
      'channels',
      'hooks',
      'webhooks',
      'keys',
      'apiKeys',
      'durable',
      'redis',
      'limits',
      'node',
      'log',
      'apps',
    ];
    const settings = readTable(OPTIONS, {}, { problems: new Problems() });
    for (const [name, value] of Object.entries(settings)) {
      if (!meansMore.includes(name)) expect(config, name).toHaveProperty(name, value);
    }
  });

  it.each(OPTION_ROWS.map((option) => [option.path, option] as const))(
    'appears in the reference: %s',
    (path, { type, defaultText, description, env = [], flag: given }) => {
      const line = configReference()
        .split('\n')
        .find((candidate) => candidate.startsWith(`| \`${path}\` |`));
      for (const part of [type, defaultText, description, ...env, ...(given === undefined ? [] : [given])]) {
        expect(line).toContain(part.replaceAll('|', '\\|'));
      }
    },
  );
});

it('has sizes as numbers, which may be texts or numbers in a file', () => {
  const table = { most: option({ schema: size({ min: 0, max: 4096 }), ...row }) };
  expectTypeOf<InferInput<typeof table>>().toEqualTypeOf<{ most?: number | string }>();
  expectTypeOf<InferOptions<typeof table>>().toEqualTypeOf<{ readonly most?: number }>();
});
