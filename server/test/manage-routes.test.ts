import { describe, expect, it } from 'vitest';
import { describeApi } from '../src/api/openapi/describe.ts';
import { Program } from '../src/program.ts';
import { ProgramGroups } from '../src/program-groups.ts';
import { ProgramManage } from '../src/program-manage.ts';
import { ProgramOperations } from '../src/program-operations.ts';
import { ProgramRecurring } from '../src/program-recurring.ts';
import { ProgramWebhooks } from '../src/program-webhooks.ts';
import { call, startManaged } from './support/managed-gateways.ts';
import { tokenFor } from './support/tokens.ts';

const GROUP = '/channels/{channel}/groups/{group}';

/** Each route of the HTTP API, and the method of an embedded gateway that does the same. */
const METHODS: Readonly<Record<string, string>> = {
  'POST /publish': 'publish',
  'POST /schedule': 'schedule',
  'POST /unschedule': 'unschedule',
  'GET /channels/{channel}/schedules': 'schedules',
  'GET /schedules': 'manage.schedules.list',
  'PUT /schedules/{name}': 'manage.schedules.put',
  'DELETE /schedules/{name}': 'manage.schedules.delete',
  'POST /request': 'request',
  'GET /channels/{channel}/messages': 'manage.history',
  'DELETE /channels/{channel}/messages': 'manage.purge',
  'GET /channels/{channel}/position': 'manage.channel',
  'GET /channels/{channel}/members': 'manage.members',
  'PUT /channels/{channel}/members/{user}': 'manage.enter',
  'DELETE /channels/{channel}/members/{user}': 'manage.leave',
  'POST /members/counts': 'manage.memberCounts',
  'GET /groups': 'manage.groups.list',
  [`GET ${GROUP}`]: 'manage.groups.numbers',
  [`GET ${GROUP}/dead`]: 'manage.groups.deadLetters',
  [`POST ${GROUP}/redrive`]: 'manage.groups.redrive',
  [`POST ${GROUP}/discard`]: 'manage.groups.discard',
  [`POST ${GROUP}/seek`]: 'manage.groups.seek',
  [`POST ${GROUP}/lease`]: 'consume',
  [`POST ${GROUP}/ack`]: 'consume',
  [`POST ${GROUP}/nack`]: 'consume',
  [`POST ${GROUP}/extend`]: 'consume',
  'GET /webhooks': 'manage.webhooks.list',
  'GET /webhooks/keys': 'manage.webhooks.publicKeys',
  'POST /webhooks/{webhook}/test': 'manage.webhooks.test',
  'POST /webhooks/{webhook}/pause': 'manage.webhooks.pause',
  'POST /webhooks/{webhook}/resume': 'manage.webhooks.resume',
  'POST /webhooks/{webhook}/replay': 'manage.webhooks.replay',
  'GET /hooks': 'manage.hooks',
  'GET /hooks/{hook}': 'manage.hook',
  'GET /bridges': 'manage.bridges',
  'GET /nodes': 'manage.nodes',
  'GET /config': 'manage.config',
  'GET /channels': 'manage.channels',
  'GET /channels/{channel}': 'manage.channel',
  'GET /users/{user}': 'manage.user',
  'POST /users/{user}/disconnect': 'manage.disconnect',
  'POST /users/{user}/subscribe': 'manage.subscribe',
  'POST /users/{user}/unsubscribe': 'manage.unsubscribe',
  'POST /users/{user}/recheck': 'manage.recheck',
  'GET /connections': 'manage.connections',
  'DELETE /connections/{connection}': 'manage.closeConnection',
  'POST /explain': 'manage.explain',
  'GET /why': 'manage.why',
  'GET /decisions': 'manage.decisions',
  'GET /tap': 'manage.tap',
  'POST /revocations': 'revoke',
  'GET /revocations': 'manage.revocations',
  'POST /tickets': 'manage.issueTicket',
  'POST /drain': 'manage.drain',
  'POST /reload': 'manage.reload',
};

/** Routes that only make sense over HTTP. */
const ONLY_HTTP = ['GET /openapi.json'];
/** Methods of `Program` that have no meaning outside of the process, or are another form of one in the table. */
const ONLY_PROGRAM = ['requestMany', 'respond'];

const { paths } = describeApi() as { readonly paths: Readonly<Record<string, object>> };
const routes = Object.entries(paths).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`),
);

const methodsOf = (prefix: string, { prototype }: { readonly prototype: object }): readonly string[] =>
  Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor')
    .map((name) => `${prefix}${name}`);
const methods = [
  ...methodsOf('', Program).filter((name) => !ONLY_PROGRAM.includes(name)),
  ...methodsOf('manage.', ProgramManage),
  ...methodsOf('manage.', ProgramOperations),
  ...methodsOf('manage.groups.', ProgramGroups),
  ...methodsOf('manage.schedules.', ProgramRecurring),
  ...methodsOf('manage.webhooks.', ProgramWebhooks),
];

describe('an embedded gateway and the HTTP API', () => {
  it('have the same operations', () => {
    expect(routes.filter((route) => !ONLY_HTTP.includes(route)).toSorted(), 'routes').toEqual(
      Object.keys(METHODS).toSorted(),
    );
    expect([...new Set(methods)].toSorted(), 'methods').toEqual([...new Set(Object.values(METHODS))].toSorted());
  });

  it('answer the same', async () => {
    const gateway = await startManaged({ sse: true, schedules: {}, hooks: { app: { publish: () => true } } });
    const { manage } = gateway.gateway;
    const { client } = await gateway.connect(await tokenFor('ada'));
    await client.result({ type: 'subscribe', channel: 'chat:a' });
    const { id } = await client.result<{ id: string }>({ type: 'publish', channel: 'chat:a', data: 1 });
    await gateway.gateway.revoke({ user: 'eve' });
    const who = { channel: 'chat:a', verb: 'publish', identity: { user: 'ada' } } as const;
    const same: readonly (readonly [string, () => unknown, body?: object])[] = [
      ['/channels?pattern=chat:*', () => manage.channels({ pattern: 'chat:*' })],
      ['/channels/chat:a', () => manage.channel('chat:a')],
      ['/hooks', () => manage.hooks()],
      ['/hooks/app', () => manage.hook('app')],
      ['/bridges', () => manage.bridges()],
      ['/groups', () => manage.groups.list()],
      ['/schedules', () => manage.schedules.list()],
      ['/config', () => manage.config()],
      ['/revocations', () => manage.revocations()],
      ['/decisions?user=ada', () => manage.decisions({ user: 'ada' })],
      [`/why?user=ada&message=${id}`, () => manage.why({ user: 'ada', message: id })],
      ['/explain', () => manage.explain(who), who],
      ['/webhooks/keys', () => manage.webhooks.publicKeys()],
    ];
    for (const [path, method, body] of same) {
      const { status, json } = await call(gateway, path, body === undefined ? {} : { body });
      expect([path, status]).toEqual([path, 200]);
      expect([path, JSON.parse(JSON.stringify(await method()))]).toEqual([path, json]);
    }
    expect((await call(gateway, '/webhooks')).json).toEqual({ webhooks: await manage.webhooks.list() });
  });
});
