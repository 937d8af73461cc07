import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, jwtVerify } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { createVerifier } from '../../server/src/auth/token.ts';
import { TestGateway, TestShell, type World } from '../test/test-shell.ts';
import { run } from './run.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const cwd = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
afterAll(() => rmSync(cwd, { recursive: true }));
writeFileSync(join(cwd, 'good.yaml'), `keys: [{ secret: ${SECRET} }]\nport: 9000\n`);
writeFileSync(join(cwd, 'bad.yaml'), `keys: [{ secret: ${SECRET} }]\nprot: 9000\ndrain: soon\n`);
writeFileSync(
  join(cwd, 'rules.yaml'),
  `keys: [{ secret: ${SECRET} }]
channels:
  "chat:{room}": { allow: { subscribe: everyone, read: users }, histroy: true, rate: fast, slow: replay }
`,
);
writeFileSync(
  join(cwd, 'empty-rule.yaml'),
  `keys: [{ secret: ${SECRET} }]\nchannels:\n  news: {}\n  user: { allow: { subscribe: users } }\n`,
);
writeFileSync(
  join(cwd, 'explain.yaml'),
  `keys: [{ secret: ${SECRET} }]\nchannels:\n  "chat:{room}": { allow: { subscribe: users, publish: "role:writer" } }\n`,
);
writeFileSync(join(cwd, 'dev.yaml'), 'dev: true\n');

async function outcome(args: readonly string[], world: World = {}) {
  const shell = new TestShell({ cwd, ...world });
  const code = await run(args, shell);
  return { code, out: shell.lines.join('\n'), err: shell.errors.join('\n') };
}

interface Sent {
  readonly url: string;
  readonly init: RequestInit | undefined;
}

/** A gateway that answers by path, and records requests. */
function network(answers: Record<string, () => Response>) {
  const sent: Sent[] = [];
  const fetch: World['fetch'] = async (input, init) => {
    const url = new URL(String(input));
    sent.push({ url: url.href, init });
    return answers[url.pathname]?.() ?? new Response('', { status: 404 });
  };
  return { sent, fetch };
}

describe('sluice explain', () => {
  const ask = (...args: string[]) => outcome(['explain', ...args, '--config', 'explain.yaml']);

  it('explains what the rules permit', async () => {
    expect(await ask('subscribe', 'chat:one', '--sub', 'ada')).toEqual({
      code: 0,
      out: `allowed: user "ada" may subscribe to "chat:one": the rule "chat:{room}" grants "subscribe" to users.
To deny it, change allow.subscribe of the rule "chat:{room}", or issue tokens with the capability "!subscribe".`,
      err: '',
    });
  });

  it('exits with 1 for what is denied', async () => {
    const { code, out } = await ask('publish', 'chat:one', '--sub', 'ada', '--claim', 'role=reader');
    expect([code, out.split('\n')[0]]).toEqual([
      1,
      'denied: user "ada" may not publish to "chat:one": the rule "chat:{room}" grants "publish" to role:writer, and none of these applies.',
    ]);
  });

  it('explains a subscription to a pattern', async () => {
    const { code, out } = await ask('subscribe', 'chat:*', '--sub', 'ada');
    expect([code, out]).toEqual([
      1,
      `denied: user "ada" may not subscribe to "chat:*": no channel has all its messages.
Add bind: ["chat:*"] to the rule of a channel that allows "subscribe".
Rules with channels of this pattern: "chat:{room}".`,
    ]);
  });

  it('prints JSON for programs', async () => {
    const { out } = await ask('publish', 'chat:one', '--sub', 'ada', '--cap', 'chat:*=publish', '--json');
    expect(JSON.parse(out)).toMatchObject({ allowed: true, reason: { kind: 'capability', pattern: 'chat:*' } });
  });

  it.each([
    [['shout', 'chat:one'], 'Allowed choices are subscribe'],
    [['subscribe', 'chat:one', '--sub', ''], '--sub must be a non-empty string'],
    [['subscribe', 'chat:one', '--sub', 'ada', '--claim', 'sub=bob'], '--sub differs from the claim "sub"'],
    [['publish', 'chat:*', '--sub', 'ada'], 'only "subscribe" accepts'],
    [['subscribe', 'chat:one', '--cap', 'a:{b}=publish'], '{param} is for rules only'],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await ask(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('in a folder that "sluice serve --dev" has used', () => {
  const folder = join(cwd, 'used');
  const kept = 'kept-by-serve-kept-by-serve-kept-by-serve';
  mkdirSync(join(folder, '.sluice'), { recursive: true });
  writeFileSync(join(folder, '.sluice', 'dev.json'), JSON.stringify({ secret: kept, apiKey: kept }));
  const signedWith = async (token: string, secret: string) =>
    (await jwtVerify(token, new TextEncoder().encode(secret))).payload.sub;

  it('sluice token signs with its secret, if nothing else is configured', async () => {
    const { code, out } = await outcome(['token', '--sub', 'ada'], { cwd: folder });
    expect([code, await signedWith(out, kept)]).toEqual([0, 'ada']);
    const { out: other } = await outcome(['token', '--sub', 'ada'], { cwd: folder, env: { SLUICE_SECRET: SECRET } });
    expect(await signedWith(other, SECRET)).toBe('ada');
  });

  it.each(['rules.yaml', 'dev-rules.yaml'])('sluice token and sluice explain read %s as it does', async (file) => {
    const rules = 'channels:\n  "chat:{room}": { allow: { subscribe: users } }\n';
    writeFileSync(join(folder, file), file === 'dev-rules.yaml' ? `dev: true\n${rules}` : rules);
    const { out } = await outcome(['token', '--sub', 'ada', '--config', file], { cwd: folder });
    expect(await signedWith(out, kept)).toBe('ada');
    const ask = ['explain', 'subscribe', 'chat:a', '--sub', 'ada', '--config', file];
    expect(await outcome(ask, { cwd: folder })).toMatchObject({ code: 0, out: expect.stringContaining('allowed: ') });
  });

  it('sluice check reports missing keys, and how to check that configuration', async () => {
    writeFileSync(join(folder, 'keyless.yaml'), 'channels: { a: {} }\n');
    const { code, err } = await outcome(['check', '--config', 'keyless.yaml'], { cwd: folder });
    expect(code).toBe(1);
    expect(err).toContain('To check that: sluice check --dev');
    expect(await outcome(['check', '--dev', '--config', 'keyless.yaml'], { cwd: folder })).toMatchObject({ code: 0 });
  });
});

describe('sluice bridges', () => {
  const status = { name: 'orders', system: 'redis', direction: 'in', error: null, counts: { published: 7 }, lag: null };
  const show = (bridges: readonly object[], ...args: string[]) => {
    const { fetch } = network({ '/api/v1/bridges': () => Response.json({ bridges }) });
    return outcome(['bridges', ...args], { fetch, env: { SLUICE_API_KEY: 'key' } });
  };

  it('shows the state of each bridge', async () => {
    const out = { ...status, name: 'audit', direction: 'out', state: 'waiting', error: 'refused', lag: 3 };
    const shown = await show([{ ...status, state: 'running' }, out]);
    expect(shown.code).toBe(0);
    expect(shown.out.split('\n').slice(1)).toEqual([
      'orders  from redis  running  published 7',
      'audit   to redis    waiting  published 7, lag 3  refused',
    ]);
  });

  it('exits with 1 if one has failed', async () => {
    expect((await show([{ ...status, state: 'failed' }])).code).toBe(1);
  });

  it('prints JSON for programs', async () => {
    expect(JSON.parse((await show([{ ...status, state: 'running' }], '--json')).out)).toHaveLength(1);
  });

  it('does nothing to a terminal, whatever a broker answered', async () => {
    const { out } = await show([{ ...status, state: 'waiting', error: '\u001b[2J\u009b2J\u007f\r\nline' }]);
    expect(out.split('\n')[1]).toContain('\\u001b[2J\\u009b2J\\u007f\\u000d\\u000aline');
  });

  it('says that there is none', async () => {
    expect((await show([])).out).toBe('This gateway has no bridges.');
  });
});

describe('sluice serve', () => {
  it('runs until the first signal, then closes the gateway', async () => {
    const gateway = new TestGateway();
    const shell = new TestShell({ cwd, loadGateway: gateway.load });
    const done = run(['serve', '--config', 'good.yaml', '--log-level', 'warn'], shell);
    await gateway.running;
    expect(gateway.calls).toEqual(['start']);
    shell.signal();
    expect(await done).toBe(0);
    expect(gateway.calls).toEqual(['start', 'close']);
    expect(gateway.config).toMatchObject({ port: 9000, log: { level: 'warn' } });
    expect(shell.errors).toEqual([]);
  });

  it('exits at once at the second signal', async () => {
    const gateway = new TestGateway();
    const shell = new TestShell({ cwd, loadGateway: gateway.load });
    const done = run(['serve', '--config', 'good.yaml'], shell);
    await gateway.running;
    shell.signal();
    expect(shell.exits).toEqual([]);
    shell.signal();
    expect(shell.exits).toEqual([1]);
    await done;
  });

  it('prints a banner in development mode with commands to try', async () => {
    const gateway = new TestGateway();
    const shell = new TestShell({ cwd, loadGateway: gateway.load });
    const done = run(['serve', '--dev'], shell);
    await gateway.running;
    shell.signal();
    await done;
    const banner = shell.errors.join('\n');
    for (const hint of [
      'http://localhost:8080',
      '/dev/token?sub=ada',
      'ws://localhost:8080/ws',
      'curl',
      gateway.config?.devApiKey,
    ]) {
      expect(banner).toContain(hint);
    }
    expect(banner).not.toContain(gateway.config?.devSecret);
  });

  it('reports why it could not start', async () => {
    const gateway = new TestGateway();
    gateway.start = () => Promise.reject(new Error('port 8080 is taken'));
    expect(await outcome(['serve', '--dev'], { loadGateway: gateway.load })).toEqual({
      code: 1,
      out: '',
      err: 'sluice: port 8080 is taken',
    });
  });

  it('starts nothing with a wrong configuration', async () => {
    const { code, err } = await outcome(['serve', '--config', 'bad.yaml']);
    expect(code).toBe(1);
    expect(err).toContain('prot: is not an option. Did you mean "port"?');
  });
});

describe('sluice check', () => {
  it('prints the configuration in force, without secrets', async () => {
    const { code, out } = await outcome(['check', '--config', 'good.yaml'], { env: { SLUICE_DRAIN: '3s' } });
    expect(code).toBe(0);
    expect(out).toContain('port: 9000');
    expect(out).toContain('drain: 3s');
    expect(out).not.toContain(SECRET);
  });

  it.each([
    ['good.yaml', 'origins: none, so only pages served by this gateway may connect'],
    ['dev.yaml', 'origins: none, so only pages of this machine may connect'],
  ])('explains for %s what an empty list of origins means', async (file, expected) => {
    const { out } = await outcome(['check', '--config', file]);
    expect(out).toContain(expected);
  });

  it('ignores a service link, and reports it', async () => {
    const env = { SLUICE_PORT: 'tcp://10.0.0.1:80', SLUICE_SERVICE_HOST: '10.0.0.1' };
    const { code, out, err } = await outcome(['check', '--config', 'good.yaml'], { env });
    expect(code).toBe(0);
    expect(out).toContain('port: 9000');
    expect(err).toContain('SLUICE_PORT=tcp://10.0.0.1:80 is ignored');
    expect(err).toContain('enableServiceLinks: false');
  });

  it('prints every problem', async () => {
    const { code, out, err } = await outcome(['check', '--config', 'bad.yaml']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('2 problems');
    expect(err).toContain('drain: is not a duration');
  });

  it('prints all problems of a rule at once', async () => {
    const { err } = await outcome(['check', '--config', 'rules.yaml']);
    const named = [...err.matchAll(/^ {2}channels\["chat:\{room\}"\]\.([\w.]+): /gm)].map(([, path]) => path);
    expect(named.sort()).toEqual(['allow.read', 'allow.subscribe', 'histroy', 'rate', 'slow']);
  });

  it('warns about a rule that permits nothing', async () => {
    const { code, err } = await outcome(['check', '--config', 'empty-rule.yaml']);
    expect(code).toBe(0);
    expect(err.match(/^hint: .*$/gm)).toEqual([expect.stringContaining('channels.news: permits nothing')]);
    expect(err).toContain('Add allow');
  });
});

describe('sluice token', () => {
  const ARGS = [
    'token',
    '--sub',
    'ada',
    '--cap',
    'chat:*=subscribe,publish',
    '--claim',
    'role=admin',
    '--expires',
    '1h',
  ];

  it.each<[string, string[], World]>([
    ['a file', ['--config', 'good.yaml'], {}],
    ['the environment', [], { env: { SLUICE_SECRET: SECRET } }],
    ['--secret', ['--secret', SECRET], {}],
  ])('signs with the secret of %s, and prints only the token', async (_, args, world) => {
    const { code, out } = await outcome([...ARGS, ...args], world);
    expect(code).toBe(0);
    const verifier = createVerifier({ keys: [{ secret: SECRET, algorithm: 'HS256' }], clockTolerance: 5000 });
    expect(await verifier.verify(out)).toMatchObject({ ok: true, identity: { user: 'ada' } });
    const { exp = 0, iat = 0, ...claims } = decodeJwt(out);
    expect(exp - iat).toBe(3600);
    expect(claims).toEqual({ sub: 'ada', role: 'admin', caps: { 'chat:*': ['subscribe', 'publish'] } });
  });

  it('shows the default lifetime as a duration', async () => {
    expect((await outcome(['token', '--help'])).out).toContain('(default: 1h)');
  });

  it('requests a token from a gateway in development mode', async () => {
    const { sent, fetch } = network({ '/dev/token': () => Response.json({ token: 'a.b.c' }) });
    expect(await outcome([...ARGS, '--url', 'ws://localhost:1/ws'], { fetch })).toMatchObject({
      code: 0,
      out: 'a.b.c',
    });
    const { origin, searchParams } = new URL(sent[0]?.url ?? '');
    expect(origin).toBe('http://localhost:1');
    expect(Object.fromEntries(searchParams)).toEqual({
      sub: 'ada',
      caps: '{"chat:*":["subscribe","publish"]}',
      claims: '{"role":"admin"}',
      expires: '3600',
    });
  });

  it.each<[string[], World, string]>([
    [[], {}, 'sluice: no secret to sign with. Give --secret, --config or --url, or set SLUICE_SECRET'],
    [['--secret', 'short'], {}, 'sluice: --secret: the secret has 5 bytes, HS256 needs at least 32'],
    [['--config', 'dev.yaml'], {}, 'makes a new secret for every run (dev: true). Give --secret'],
    [
      ['--url', 'http://localhost:1'],
      {},
      'sluice: no gateway answers at http://localhost:1. Start one with: sluice serve --dev',
    ],
    [
      ['--url', 'http://a.test'],
      network({}),
      'sluice: http://a.test issues no tokens, because it does not run with --dev',
    ],
  ])('prints one line with advice: %j', async (args, world, message) => {
    const unused = join(cwd, 'unused'); // no gateway has run here
    mkdirSync(unused, { recursive: true });
    writeFileSync(join(unused, 'dev.yaml'), 'dev: true\n');
    const { code, out, err } = await outcome(['token', '--sub', 'ada', ...args], { cwd: unused, ...world });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(err.split('\n')).toHaveLength(1);
  });

  it('refuses a capability that no gateway would accept', async () => {
    const { code, err } = await outcome(['token', '--sub', 'a', '--secret', SECRET, '--cap', 'a=write']);
    expect(code).toBe(2);
    expect(err).toContain('"write" is not a verb');
  });
});

describe('sluice publish', () => {
  const published = { '/api/v1/publish': () => Response.json({ id: 'm1', epoch: 'e', offset: 1 }) };
  const bodyOf = (sent: Sent | undefined): unknown => JSON.parse(String(sent?.init?.body));
  const keyOf = (sent: Sent | undefined) => new Headers(sent?.init?.headers).get('authorization');

  it('sends the message, and prints its position', async () => {
    const { sent, fetch } = network(published);
    const args = ['--event', 'e', '--tag', 'a=1', '--tag', 'b=2', '--idempotency-key', 'k', '--key', 'secret'];
    const { code, out } = await outcome(['publish', 'chat:a', '{"x":1}', '--url', 'https://a.test', ...args], {
      fetch,
    });
    expect({ code, out }).toEqual({ code: 0, out: '{"id":"m1","epoch":"e","offset":1}' });
    expect(sent.map(({ url }) => url)).toEqual(['https://a.test/api/v1/publish']);
    expect(bodyOf(sent[0])).toEqual({
      channel: 'chat:a',
      data: { x: 1 },
      event: 'e',
      tags: { a: '1', b: '2' },
      key: 'k',
    });
    expect(keyOf(sent[0])).toBe('Bearer secret');
  });

  it.each([
    ['what it answers', 200, { id: '\u009b2J', offset: 1 }],
    ['why it refuses', 403, { error: { name: 'x', message: '\u001b[2J\u009b2J\u007f' } }],
  ])('does nothing to a terminal with %s', async (_, status, body) => {
    const { fetch } = network({ '/api/v1/publish': () => Response.json(body, { status }) });
    const { out, err } = await outcome(['publish', 'a', '1'], { fetch, env: { SLUICE_API_KEY: 'key' } });
    expect(`${out}${err}`).toContain('\\u009b2J');
    expect(`${out}${err}`).not.toMatch(/\p{Cc}/u);
  });

  it.each(['9007199254740993', '{"of":[0.1234567890123456789]}', ' [1e400]'])(
    'leaves %s as it is, for the gateway to refuse',
    async (data) => {
      const { sent, fetch } = network(published);
      await outcome(['publish', 'chat:a', data, '--key', 'secret'], { fetch });
      expect(String(sent[0]?.init?.body)).toBe(`{"channel":"chat:a","data":${data}}`);
    },
  );

  it('reads standard input, and the key from the environment', async () => {
    const { sent, fetch } = network(published);
    const stdin = async () => '[1]\n';
    await outcome(['publish', 'chat:a', '-'], { fetch, stdin, env: { SLUICE_API_KEY: 'from-env' } });
    expect(bodyOf(sent[0])).toEqual({ channel: 'chat:a', data: [1] });
    expect(keyOf(sent[0])).toBe('Bearer from-env');
  });

  it('fetches the key from a development gateway on this machine', async () => {
    const { sent, fetch } = network({
      ...published,
      '/dev/token': () => Response.json({ token: 't', apiKey: 'dev-key' }),
    });
    expect(await outcome(['publish', 'chat:a', '1'], { fetch })).toMatchObject({ code: 0 });
    expect(keyOf(sent[1])).toBe('Bearer dev-key');
  });

  it('never requests a key from another machine', async () => {
    const { sent, fetch } = network(published);
    const { code, err } = await outcome(['publish', 'chat:a', '1', '--url', 'https://a.test'], { fetch });
    expect({ code, err }).toEqual({ code: 1, err: 'sluice: an API key is needed. Give --key, or set SLUICE_API_KEY' });
    expect(sent).toEqual([]);
  });

  it.each<[Response, string]>([
    [
      Response.json({ error: { name: 'permission_denied', message: 'No.' } }, { status: 403 }),
      'sluice: No. (permission_denied)',
    ],
    [new Response('<html>', { status: 502 }), 'sluice: the gateway answered with HTTP status 502'],
  ])("prints the gateway's refusal (%#)", async (response, message) => {
    const { fetch } = network({ '/api/v1/publish': () => response });
    expect(await outcome(['publish', 'chat:a', '1', '--key', 'k'], { fetch })).toEqual({
      code: 1,
      out: '',
      err: message,
    });
  });

  it('explains data that is not JSON', async () => {
    const { code, err } = await outcome(['publish', 'chat:a', 'Hello']);
    expect(code).toBe(2);
    expect(err).toContain('the data is not JSON');
  });

  it('explains that keys need double quotes', async () => {
    const { code, err } = await outcome(['publish', 'chat:a', '{a:1}']);
    expect(code).toBe(2);
    expect(err).toContain(`keys in double quotes: '{"text":"Hello"}'`);
  });
});
