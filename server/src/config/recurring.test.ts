import { describe, expect, it } from 'vitest';
import type { ConfigInput } from './config.ts';
import { describeConfig } from './describe.ts';
import { ConfigError, parseConfig } from './schema.ts';

const parse = (schedules: unknown) =>
  parseConfig({
    anonymous: true,
    channels: { 'news:{topic}': { history: true } },
    schedules,
  } as ConfigInput);

function problemsOf(schedules: unknown): readonly string[] {
  try {
    parse(schedules);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const DIGEST = { channel: 'news:today', cron: '0 9 * * *' };

describe('schedules of a configuration', () => {
  it('are off without the option, and on without an entry', () => {
    expect(parse(undefined).schedules).toBeUndefined();
    expect(parse(null).schedules).toBeUndefined();
    expect(parse({}).schedules).toEqual([]);
  });

  it('have defaults, and their expression in one form', () => {
    expect(parse({ digest: { ...DIGEST, cron: ' 0  9 * * * ' } }).schedules).toEqual([
      { name: 'digest', channel: 'news:today', cron: '0 9 * * *', timeZone: 'UTC', catchUp: 'skip', data: null },
    ]);
  });

  it('are described as they were written', () => {
    const digest = {
      ...{ channel: 'news:today', cron: '@daily', timeZone: 'Europe/Berlin', catchUp: 'once' },
      ...{ event: 'digest', data: { kind: 'daily' }, tags: { kind: 'digest' } },
    };
    expect(describeConfig(parse({ digest }))).toMatchObject({ schedules: { digest } });
  });

  it.each<[string, unknown, string]>([
    ['that are a list', [DIGEST], 'schedules: must be an object'],
    ['that are no object', { digest: 'daily' }, 'schedules.digest: must be an object'],
    ['without a channel', { digest: { cron: '@daily' } }, 'schedules.digest.channel: must be the name of a channel'],
    ['without a time', { digest: { channel: 'news:today' } }, 'schedules.digest.cron: must be a cron expression'],
    ['with an invalid time', { digest: { ...DIGEST, cron: '0 25 * * *' } }, 'schedules.digest.cron: is not a cron'],
    ['that never fire', { digest: { ...DIGEST, cron: '0 0 30 2 *' } }, 'schedules.digest.cron: never fires'],
    ['in no time zone', { digest: { ...DIGEST, timeZone: 'Berlin' } }, 'schedules.digest.timeZone: is not a time zone'],
    ['with an unknown option', { digest: { ...DIGEST, chron: 1 } }, 'schedules.digest.chron: is not an option'],
    ['with an unknown way to catch up', { digest: { ...DIGEST, catchUp: 'all' } }, 'schedules.digest.catchUp: is not'],
    [
      'of an invalid channel',
      { digest: { ...DIGEST, channel: 'a b' } },
      'for example segment("Ada Lovelace"). Write the name of a channel',
    ],
    [
      'of a channel without a rule',
      { digest: { ...DIGEST, channel: 'x' } },
      '.channel: "x" matches no rule. Add a rule',
    ],
    ['with tags that are none', { digest: { ...DIGEST, tags: { a: 1 } } }, 'schedules.digest.tags.a: '],
    ['with data that is no JSON', { digest: { ...DIGEST, data: { at: new Date() } } }, 'schedules.digest: '],
    ['with a name that is none', { 'a b': DIGEST }, 'schedules["a b"]: is not a name'],
  ])('are refused with their name: %s', (_, schedules, problem) => {
    expect(problemsOf(schedules)).toEqual([expect.stringContaining(problem)]);
  });
});
