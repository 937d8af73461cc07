import { describe, expect, it } from 'vitest';
import { describeConfig } from './describe.ts';
import type { HookInput } from './hook-options.ts';
import { ConfigError, type ConfigInput, parseConfig } from './schema.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const BASE = { keys: [{ secret: '0123456789abcdef0123456789abcdef' }], channels: { a: {}, 'chat:{room}': {} } };
const URL_HOOK = { url: 'https://api.example.com/sluice', on: ['subscribe'], keys: [{ key: KEY }] } as const;

const parse = (hooks: unknown, more: ConfigInput = {}) =>
  parseConfig({ ...BASE, ...more, hooks: hooks as Record<string, HookInput> }, { env: { HOOK_KEY: KEY } });

function problemsOf(hooks: unknown, more: ConfigInput = {}): readonly string[] {
  try {
    parse(hooks, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('hooks', () => {
  it('have defaults', () => {
    const [hook] = parse({ app: URL_HOOK }).hooks;
    expect(hook).toMatchObject({
      ...{ name: 'app', on: ['subscribe'], timeout: 1000, onFailure: 'deny', ttl: 0 },
      channels: [{ source: '**' }],
      target: { kind: 'http', url: URL_HOOK.url, concurrency: 128, maxAnswer: 262_144, keys: [{ kind: 'hmac' }] },
    });
  });

  it('may be functions of a program', () => {
    const publish = () => true;
    const [hook] = parse({ app: { publish, timeout: '5s' } }).hooks;
    expect(hook).toMatchObject({
      on: ['publish'],
      timeout: 5000,
      target: { kind: 'functions', functions: { publish } },
    });
  });

  it('read keys from the environment', () => {
    expect(problemsOf({ app: { ...URL_HOOK, keys: [{ keyEnv: 'HOOK_KEY' }] } })).toEqual([]);
  });

  it('may connect to this machine in development', () => {
    expect(parse({}, { dev: true }).privateTargets).toEqual(['127.0.0.0/8', '::1']);
    expect(parse({}).privateTargets).toEqual([]);
  });

  const WRONG: [string, unknown, RegExp][] = [
    ['no object', 5, /^hooks\.app: must be an object\. Example/],
    ['nothing to ask', { timeout: 100 }, /has neither a URL nor a function\. Add "url"/],
    ['no key', { url: 'https://a.example', on: ['publish'] }, /keys: is required, so that your backend can verify/],
    ['another scheme', { ...URL_HOOK, url: 'ftp://a.example' }, /url: must be an http or https URL/],
    [
      'a password in the URL',
      { ...URL_HOOK, url: 'https://u:p@a.example' },
      /without a password\. Requests are signed/,
    ],
    [
      'an unknown operation',
      { ...URL_HOOK, on: ['leave'] },
      /on\[0\]: is not one of the operations\. Choose connect, /,
    ],
    ['a misspelt operation', { ...URL_HOOK, on: ['connect', 'subscibe'] }, /on\[1\]: .* Did you mean "subscribe"\?/],
    ['a misspelt operation alone', { ...URL_HOOK, on: 'publsh' }, /app\.on: .* Did you mean "publish"\?/],
    ['something else', { ...URL_HOOK, on: { publish: true } }, /app\.on: is not one of the operations/],
    ['an unknown option', { ...URL_HOOK, retries: 3 }, /retries: is not an option/],
    ['a URL and a function', { ...URL_HOOK, publish: () => true }, /does not go with functions/],
    ['a text for a function', { publish: 'yes' }, /must be a function of a program\. In a file/],
    ['an option of URLs', { publish: () => true, concurrency: 3 }, /is for hooks with a URL\. Add "url"/],
    ['an invalid pattern', { ...URL_HOOK, channels: 'a:**:b' }, /channels: .*Write a pattern/],
    [
      'a pattern of no channel',
      { ...URL_HOOK, channels: ['order:**'] },
      /app\.channels: "order:\*\*" matches no channel of a/,
    ],
    ['a short key', { ...URL_HOOK, keys: [{ key: 'whsec_AAAA' }] }, /24 to 64 bytes in base64\. Make one with/],
    ['a key without a prefix', { ...URL_HOOK, keys: [{ key: 'secret' }] }, /Write whsec_ and base64/],
    ['a missing variable', { ...URL_HOOK, keys: [{ keyEnv: 'NONE' }] }, /NONE is not set\. Make one with/],
    ['two sources of a key', { ...URL_HOOK, keys: [{ key: KEY, keyEnv: 'HOOK_KEY' }] }, /must have exactly one of/],
  ];

  it('with a wrong URL have one problem: their other options are those of a URL', () => {
    expect(problemsOf({ app: { ...URL_HOOK, url: 'ftp://a.example' } })).toHaveLength(1);
  });

  it.each(WRONG)('refuse %s, with the place and what to do', (_, hook, problem) => {
    const problems = problemsOf({ app: hook });
    expect(problems.join('\n')).toMatch(problem);
    expect(problems.every((text) => text.startsWith('hooks'))).toBe(true);
    expect(problems.join('\n')).not.toContain(KEY.slice(6));
  });

  it('must not be two for the same operation and equally specific patterns', () => {
    const other = { ...URL_HOOK, channels: ['chat:{room}'] };
    expect(problemsOf({ a: URL_HOOK, b: other })).toEqual([]);
    expect(problemsOf({ a: other, b: { ...other, channels: 'chat:*' } })).toEqual([
      'hooks.b: is asked about "subscribe" like the hook "a". Make a pattern more specific, or keep one of them',
    ]);
    const connect = { ...URL_HOOK, on: 'connect' };
    expect(problemsOf({ a: connect, b: connect })).toEqual([
      'hooks.b: is asked about "connect" like the hook "a". Keep one of them',
    ]);
  });

  it('that answer requests must exist, and have a URL', () => {
    const channels = { 'prices:{market}': { respond: 'pricing' } };
    expect(problemsOf({ pricing: { ...URL_HOOK, on: [] } }, { channels })).toEqual([]);
    expect(problemsOf({ pricin: URL_HOOK }, { channels })).toEqual([
      'channels["prices:{market}"].respond: "pricing" is not a hook with a URL. Did you mean "pricin"?',
    ]);
    expect(problemsOf({ pricing: { request: () => true } }, { channels })[0]).toMatch(/Add it to "hooks"/);
  });

  it('are described without their keys', () => {
    const described = describeConfig(
      parse({
        app: { ...URL_HOOK, url: 'https://a.example/x?token=secret' },
        f: { publish: () => true, channels: 'a' },
      }),
    );
    expect(described.hooks).toMatchObject({
      app: { url: 'https://a.example/x?(hidden)', keys: ['(hmac)'] },
      f: { functions: ['publish'] },
    });
    expect(JSON.stringify(described.hooks)).not.toContain('secret');
  });
});
