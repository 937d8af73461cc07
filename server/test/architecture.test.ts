import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cyclesOf, type Import, importsOf, withoutComments } from './support/imports.ts';
import { type Source, sources } from './support/sources.ts';

/** The modules that `protocol` stands for in the table below. */
const PROTOCOL = ['@sluice/protocol', '@sluice/protocol/msgpack', '@sluice/protocol/contracts'];

/**
 * The walls: which modules each room of `server/src` may import. A room is a folder, or a file of
 * `server/src` itself; `a/b.ts` is one file of a room.
 * Type imports count too. ARCHITECTURE.md explains why.
 */
const WALLS: Readonly<Record<string, readonly string[]>> = {
  util: [],
  'events.ts': [...PROTOCOL],
  'sluice-error.ts': [...PROTOCOL],
  engine: ['util', ...PROTOCOL],
  auth: ['util', ...PROTOCOL],
  'rule.ts': ['auth', ...PROTOCOL],
  'hook.ts': ['auth', 'outgoing', ...PROTOCOL],
  outgoing: ['util'],
  'webhook.ts': ['outgoing', ...PROTOCOL],
  webhooks: [
    ...['channels', 'cluster', 'presence/presence.ts', 'outgoing', 'webhook.ts', 'events.ts', 'refusal.ts', 'util'],
    ...['engine/engine.ts', 'engine/groups.ts', 'engine/presence.ts', ...PROTOCOL],
  ],
  hooks: [...['channels', 'outgoing', 'hook.ts', 'auth', 'events.ts', 'refusal.ts', 'util'], ...PROTOCOL],
  'bridge.ts': [...PROTOCOL],
  'bridging.ts': ['bridge.ts', 'bridges/bridge-host.ts', 'util'],
  bridges: [
    ...['channels', 'groups', 'engine/engine.ts', 'engine/groups.ts', 'auth', 'bridge.ts', 'events.ts', 'refusal.ts'],
    ...['rule.ts', 'util', ...PROTOCOL],
  ],
  'refusal.ts': [...PROTOCOL],
  protocols: ['util', ...PROTOCOL],
  transport: ['util'],
  channels: [
    ...['engine/engine.ts', 'engine/logged-message.ts', 'engine/source-position.ts'],
    ...['transport/connection.ts', 'protocols/protocol.ts'],
    ...['auth', 'events.ts', 'rule.ts', 'refusal.ts', 'util', ...PROTOCOL],
  ],
  tracing: ['channels/publish-tracing.ts', 'refusal.ts', 'util', ...PROTOCOL],
  keyed: ['channels', 'transport/connection.ts', 'protocols/protocol.ts', 'util', ...PROTOCOL],
  presence: [
    ...['channels', 'keyed', 'engine/presence.ts', 'transport/connection.ts'],
    ...['events.ts', 'rule.ts', 'util', ...PROTOCOL],
  ],
  groups: [
    ...['channels', 'engine/engine.ts', 'engine/groups.ts', 'auth', 'events.ts', 'rule.ts', 'refusal.ts', 'util'],
    ...PROTOCOL,
  ],
  requests: [
    ...[
      'channels',
      'outgoing',
      'hooks',
      'hook.ts',
      'engine/nodes.ts',
      'auth',
      'events.ts',
      'rule.ts',
      'refusal.ts',
      'util',
      ...PROTOCOL,
    ],
  ],
  schedules: [
    ...['channels', 'engine/engine.ts', 'engine/logged-message.ts', 'auth', 'events.ts', 'rule.ts', 'refusal.ts'],
    ...['util', ...PROTOCOL],
  ],
  'program-checks.ts': [
    ...['api/fields.ts', 'api/routes/manage', 'channels', 'manage', 'program-requests.ts'],
    ...['refusal.ts', 'sluice-error.ts', 'util', ...PROTOCOL],
  ],
  'program-groups.ts': [
    ...['auth', 'groups', 'manage', 'program-checks.ts', 'session/services.ts', 'sluice-error.ts', ...PROTOCOL],
  ],
  'program-recurring.ts': ['program-checks.ts', 'schedules', 'sluice-error.ts', ...PROTOCOL],
  'program-manage.ts': [
    ...['api/fields.ts', 'api/routes/manage', 'channels', 'manage', 'presence', 'program-checks.ts'],
    ...['program-groups.ts', 'program-operations.ts', 'program-recurring.ts'],
    ...['session/services.ts', 'sluice-error.ts', ...PROTOCOL],
  ],
  'program-operations.ts': [
    ...['api/explanation.ts', 'api/routes/reload.ts', 'api/routes/tickets.ts', 'channels', 'manage', 'tap', 'why'],
    ...['hooks/explain-operation.ts', 'program-checks.ts', 'program-webhooks.ts', 'webhooks/webhooks.ts'],
    'session/services.ts',
    ...['refusal.ts', 'sluice-error.ts', ...PROTOCOL],
  ],
  'program-webhooks.ts': ['api/routes/webhooks.ts', 'program-checks.ts', 'webhooks/webhooks.ts', 'util'],
  'program-requests.ts': ['requests', 'auth', 'refusal.ts', 'sluice-error.ts', ...PROTOCOL],
  cluster: ['engine/nodes.ts', 'events.ts', 'util', ...PROTOCOL],
  manage: [
    ...[
      'bridges/bridge-status.ts',
      'cluster',
      'channels',
      'groups',
      'engine/groups.ts',
      'engine/revocations.ts',
      'hooks',
      'presence/presence.ts',
      'session',
      'engine/engine.ts',
      'engine/presence.ts',
      'events.ts',
      'refusal.ts',
    ],
    ...['util', ...PROTOCOL],
  ],
  'program-schedules.ts': [
    ...['program-checks.ts', 'schedules', 'session/services.ts', 'auth', 'refusal.ts', 'sluice-error.ts', ...PROTOCOL],
  ],
  session: [
    ...[
      'channels',
      'presence',
      'groups',
      'requests',
      'schedules',
      'hooks',
      'hook.ts',
      'auth',
      'events.ts',
      'rule.ts',
      'refusal.ts',
      'util',
      ...PROTOCOL,
    ],
    ...['engine/engine.ts', 'engine/groups.ts', 'engine/presence.ts', 'engine/revocations.ts'],
    ...['transport/connection.ts', 'protocols/protocol.ts', 'protocols/negotiate.ts'],
  ],
  sse: [
    ...['session', 'channels/cursor.ts', 'protocols', 'api/routes.ts', 'api/errors.ts', 'api/credentials.ts'],
    'api/query.ts',
    ...['transport/connection.ts', 'transport/http.ts', 'transport/stream-topics.ts', 'transport/forwarded-host.ts'],
    ...['engine/engine.ts', 'config', 'auth', 'refusal.ts', 'util', ...PROTOCOL],
  ],
  api: [
    'webhooks/webhooks.ts',
    'hook.ts',
    'channels',
    'groups',
    'manage',
    'why',
    'tap',
    'engine/groups.ts',
    'hooks/explain-operation.ts',
    'hooks/hooks.ts',
    'requests',
    'schedules',
    'presence/members.ts',
    'presence/presence.ts',
    'session/registry.ts',
    'auth',
    'events.ts',
    'rule.ts',
    'refusal.ts',
    'engine/engine.ts',
    'engine/revocations.ts',
    'transport/http.ts',
    'util',
    ...PROTOCOL,
  ],
  'engines.ts': ['engine', 'config', 'util'],
  why: [
    ...['auth', 'channels', 'cluster', 'engine/engine.ts', 'session/registry.ts', 'events.ts', 'refusal.ts', 'util'],
    ...PROTOCOL,
  ],
  tap: [
    ...['channels/cursor.ts', 'cluster', 'session/registry.ts', 'transport/http.ts'],
    ...['events.ts', 'refusal.ts', 'util', ...PROTOCOL],
  ],
  'address.ts': [],
  'apps.ts': ['config', 'gateway.ts', 'reload.ts', 'util'],
  'engine-checks.ts': ['config', 'engine/engine.ts', 'groups/engine-support.ts'],
  'engine-listener.ts': ['engine/engine.ts', 'schedules/schedule-record.ts', 'session/services.ts'],
  'reload.ts': [
    'api/routes/reload.ts',
    'apps.ts',
    ...['auth', 'config', 'session/arrival-limits.ts', 'session/permission-review.ts', 'session/services.ts'],
  ],
  'gateway-reload.ts': ['config', 'engine/engine.ts', 'engine-checks.ts', 'reload.ts', 'webhooks/create-webhooks.ts'],
  'http-side.ts': [
    'webhooks/create-webhooks.ts',
    ...['api', 'auth', 'channels/user-allowances.ts', 'config', 'engine/engine.ts', 'manage', 'why'],
    ...['api', 'auth', 'channels/user-allowances.ts', 'config', 'engine/engine.ts', 'manage/manage.ts', 'why/why.ts'],
    ...['tap/tap.ts', 'observe/metrics.ts', 'hooks/user-admission.ts'],
    ...['session/services.ts', 'transport/http.ts'],
  ],
  observe: ['events.ts', 'util', ...PROTOCOL],
  config: ['auth', 'bridge.ts', 'outgoing', 'rule.ts', 'hook.ts', 'webhook.ts', 'util', ...PROTOCOL],
  'cli-support.ts': [
    'config',
    'auth',
    'channels/rules.ts',
    'channels/explain-access.ts',
    'hooks/explain-operation.ts',
    'reload.ts',
    'workers',
    'engine/durable/repair/tools.ts',
  ],
  workers: [
    ...['assemble.ts', 'gateway.ts', 'engines.ts', 'config', 'channels/rules.ts', 'engine/remote', 'engine/engine.ts'],
    ...['reload.ts', 'observe', 'util'],
  ],
  'gateway.ts': [
    ...['address.ts', 'apps.ts', 'assemble.ts', 'engine-checks.ts', 'engine-listener.ts'],
    ...['gateway-reload.ts', 'http-side.ts', 'program.ts', 'program-manage.ts', 'reload.ts'],
    ...['auth', 'bridges/bridges.ts', 'cluster', 'config', 'observe'],
    ...['engine/engine.ts', 'engine/engine-start.ts', 'protocols/protocol.ts', 'session', 'sse/sse.ts', 'tap/tap.ts'],
    ...[
      'transport/http.ts',
      'transport/open-requests.ts',
      'transport/transport.ts',
      'util',
      'webhooks/create-webhooks.ts',
    ],
  ],
  'program.ts': [
    ...['api/routes/revocations.ts', 'auth/identity.ts', 'engine/revocations.ts', 'groups/program-delivery.ts'],
    ...['program-checks.ts', 'program-requests.ts', 'program-schedules.ts', 'requests', 'schedules/waiting-list.ts'],
    ...['session/services.ts', 'refusal.ts', 'sluice-error.ts', ...PROTOCOL],
  ],
  'index.ts': [
    'address.ts',
    'assemble.ts',
    'gateway.ts',
    'reload.ts',
    'manage',
    'program-manage.ts',
    'program-groups.ts',
    'program-recurring.ts',
    'groups/administration.ts',
    'schedules/recurring.ts',
    'requests/program-responder.ts',
    'program-requests.ts',
    'program-schedules.ts',
    'schedules/waiting-list.ts',
    'config',
    'auth',
    'sluice-error.ts',
    'groups/program-delivery.ts',
    'contracts.ts',
    'hook.ts',
    'hooks/explain-operation.ts',
    'hooks/hook-record.ts',
    'api/explanation.ts',
    'api/routes/reload.ts',
    'api/routes/tickets.ts',
    'channels/explain-access.ts',
    'program-operations.ts',
    'program-webhooks.ts',
    'tap/tap-entry.ts',
    'tap/tap-lines.ts',
    'webhooks/webhooks.ts',
    'why/recent-decisions.ts',
    'why/why.ts',
    '@sluice/protocol',
  ],
  'contracts.ts': [...PROTOCOL],
  testing: [
    ...[
      'assemble.ts',
      'gateway.ts',
      'config',
      'auth',
      'rule.ts',
      'refusal.ts',
      'groups',
      'channels',
      'presence',
      'engine',
      'session',
      'events.ts',
      'sluice-error.ts',
      'util',
    ],
    ...PROTOCOL,
  ],
};

/** Wires everything together, so it may import everything. */
const ROOT = 'assemble.ts';

/** Packages that only some rooms may import. Packages that are not listed are unrestricted. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'uWebSockets.js': ['transport'],
  'uWebSockets.js-20.51': ['transport'],
  ioredis: ['engine'],
  jose: ['auth', 'config'],
  pino: ['observe', 'workers', ROOT],
  'pino-pretty': ['observe'],
  'prom-client': ['observe'],
  zod: ['config'],
  lmdb: ['engine'],
  '@opentelemetry/api': ['tracing'],
  croner: ['util'],
  yaml: ['config'],
  commander: [],
  ws: [],
  '@sluice/client': [],
  '@sluice/cli': [],
};

const inServer = (path: string): string => path.replace('server/src/', '');
const roomOf = (file: string): string => file.split('/')[0] ?? file;

/** The reason why an import of `server/src` crosses a wall, or `null`. */
function crossing({ from, to }: Pick<Import, 'from' | 'to'>): string | null {
  const file = inServer(from);
  const room = roomOf(file);
  if (!to.startsWith('server/src/')) return packageCrossing(file, to);
  const target = inServer(to);
  if (room === ROOT || roomOf(target) === room) return null;
  const allowed = WALLS[room];
  if (allowed === undefined) return `${file}: this room is missing in the table of walls`;
  if (allowed.includes(target) || allowed.includes(roomOf(target)) || allowed.includes(dirname(target))) return null;
  return `${file} imports ${target}, but "${room}" may import only: ${allowed.join(', ') || 'nothing'}`;
}

function packageCrossing(file: string, target: string): string | null {
  const room = roomOf(file);
  if (target.startsWith('@sluice/protocol') && room !== ROOT && WALLS[room]?.includes(target) !== true) {
    return `${file} imports ${target}, but "${room}" may not import the protocol`;
  }
  const rooms = PACKAGES[target];
  if (rooms === undefined || rooms.includes(room)) return null;
  return `${file} imports the package ${target}, which ${rooms.length === 0 ? 'no room' : `only ${rooms.join(' and ')}`} may import`;
}

describe('the walls', () => {
  const imports = sources('server/src').flatMap(importsOf);

  it('are respected by every import in server/src', () => {
    expect(imports.length).toBeGreaterThan(200);
    expect(imports.map(crossing).filter((crossed) => crossed !== null)).toEqual([]);
  });

  it('keep the testing kit out of the gateway', () => {
    const users = imports.filter(({ from, to }) => to.includes('/testing/') && roomOf(inServer(from)) !== 'testing');
    expect(users).toEqual([]);
  });

  it('restrict assemble.ts to its gateway, index.ts, the workers and the testing kit', () => {
    const importers = imports.filter(({ to }) => to === `server/src/${ROOT}`).map(({ from }) => inServer(from));
    const others = importers.filter((file) => !['gateway.ts', 'index.ts', 'workers', 'testing'].includes(roomOf(file)));
    expect(others).toEqual([]);
  });

  it('restrict appends to logs to the publish door', () => {
    // Used tickets, scheduled messages and events of webhooks are stored in logs that are no channels.
    const APPENDERS = [
      'server/src/bridges/bridge-lease.ts',
      'server/src/bridges/checkpoints.ts',
      'server/src/bridges/engine-origin.ts',
      'server/src/channels/publish-steps.ts',
      'server/src/channels/copy-step.ts',
      'server/src/sse/ticket-desk.ts',
      'server/src/webhooks/',
      'server/src/schedules/',
      'server/src/engine/',
    ];
    const appends = ({ text }: Source): boolean => /\b(?:log|engine)\.append\(/.test(withoutComments(text));
    const appending = sources('server/src')
      .filter(appends)
      .map(({ path }) => path);
    expect(appending).toContain('server/src/channels/publish-steps.ts');
    expect(appending.filter((path) => !APPENDERS.some((known) => path.startsWith(known)))).toEqual([]);
    const steps = imports
      .filter(({ to }) => to.endsWith('/channels/publish-steps.ts'))
      .map(({ from }) => inServer(from));
    expect(steps.filter((file) => roomOf(file) !== 'channels')).toEqual([]);
  });

  it('have a row for every room', () => {
    const rooms = new Set(sources('server/src').map(({ path }) => roomOf(inServer(path))));
    rooms.delete(ROOT);
    expect([...rooms].filter((room) => WALLS[room] === undefined)).toEqual([]);
  });

  it.each([
    ['util/clock.ts', 'server/src/events.ts'],
    ['transport/uws.ts', 'server/src/session/session.ts'],
    ['channels/hub.ts', 'server/src/transport/uws.ts'],
    ['channels/hub.ts', 'server/src/engine/memory/memory-engine.ts'],
    ['observe/log.ts', 'server/src/session/session.ts'],
    ['session/session.ts', 'uWebSockets.js'],
    ['transport/uws.ts', '@sluice/protocol'],
  ])('detect that %s imports %s', (from, to) => {
    expect(crossing({ from: `server/src/${from}`, to })).toContain(from);
  });

  it('cover every import syntax', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { b } from './b.ts';",
      "export type * from './c.ts';",
      "import './d.ts';",
      "const e = await import('./e.ts');",
      "type F = typeof import('./f.ts');",
      "import {\n  g,\n} from './g.ts';",
      "// import { h } from './h.ts';",
    ].join('\n');
    const found = importsOf({ path: 'server/src/x/y.ts', text });
    expect(found.map(({ to }) => to)).toEqual([...'abcdefg'].map((name) => `server/src/x/${name}.ts`));
    expect(found.map(({ kind }) => kind)).toEqual(['value', 'type', 'type', 'value', 'lazy', 'type', 'value']);
  });
});

describe('imports', () => {
  it.each(['protocol', 'server', 'client-sdk', 'cli', 'playwright', 'chaos', 'hostile'])(
    'of %s form no cycle of value imports, so no file depends on the load order',
    (name) => {
      const imports = sources(`${name}/src`).flatMap(importsOf);
      expect(imports.length).toBeGreaterThan(5);
      expect(cyclesOf(imports.filter(({ kind }) => kind === 'value'))).toEqual([]);
    },
  );

  it('of client-sdk form no cycle, with type imports and files that are loaded on demand included', () => {
    expect(cyclesOf(sources('client-sdk/src').flatMap(importsOf))).toEqual([]);
  });

  it.each(['session', 'channels'])('of server/src/%s form no cycle, type imports included', (room) => {
    expect(cyclesOf(sources(`server/src/${room}`).flatMap(importsOf))).toEqual([]);
  });

  it.each([
    ['a file that imports itself', ['a a'], [['a']]],
    ['two files', ['a b', 'b a', 'b c'], [['a', 'b']]],
    ['a longer path', ['a b', 'b c', 'c d', 'd b'], [['b', 'c', 'd']]],
    [
      'two cycles',
      ['a b', 'b a', 'b c', 'c d', 'd c'],
      [
        ['c', 'd'],
        ['a', 'b'],
      ],
    ],
    ['no cycle', ['a b', 'a c', 'b d', 'c d'], []],
  ])('that form a cycle are detected: %s', (_, edges, cycles) => {
    const imports = edges.map((edge) => ({ from: edge.charAt(0), to: edge.charAt(2) }));
    expect(cyclesOf(imports)).toEqual(cycles);
  });
});

describe('the protocol', () => {
  it('imports only itself, its codec and the schema standard', () => {
    const known = ['@msgpack/msgpack', '@standard-schema/spec'];
    const forbidden = sources('protocol/src')
      .flatMap(importsOf)
      .filter(({ to }) => !to.startsWith('protocol/src/') && !known.includes(to))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(forbidden).toEqual([]);
  });
});

describe('the command line', () => {
  const KNOWN = ['@sluice/server', '@sluice/server/cli-support', '@sluice/client', '@sluice/protocol'];

  it('imports only the entries of our packages', () => {
    const forbidden = sources('cli/src')
      .flatMap(importsOf)
      .filter(({ to }) =>
        to.startsWith('@sluice/') ? !KNOWN.includes(to) : to.includes('/src/') && !to.startsWith('cli/src/'),
      )
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(forbidden).toEqual([]);
  });
});

describe('the SDK', () => {
  it('imports neither the server nor Node nor other packages; each binding imports only its framework', () => {
    const isFramework = (from: string, to: string) =>
      ['react', 'svelte'].some((name) => from.startsWith(`client-sdk/src/${name}/`) && to.split('/')[0] === name) ||
      (from.startsWith('client-sdk/src/tracing/') && to === '@opentelemetry/api');
    const forbidden = sources('client-sdk/src')
      .flatMap(importsOf)
      .filter(({ to }) => !to.startsWith('client-sdk/src/') && !PROTOCOL.includes(to))
      .filter(({ from, to }) => !isFramework(from, to))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(forbidden).toEqual([]);
  });
});
