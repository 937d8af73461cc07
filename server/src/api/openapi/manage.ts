import { LIMITS } from '@sluice/protocol';
import { CHANNEL_PATTERN, ERROR, MISSING } from './components.ts';
import type { Operation, Operations } from './operation.ts';
import { ANY, body, FLAG, list, NUMBER, oneOf, orNull, ref, reply, type Schema, text, upTo, whole } from './schema.ts';

const PAGE: Readonly<Record<string, Schema>> = {
  cursor: text({ description: 'The "next" of the page before' }),
  limit: whole(1, LIMITS.historyPage),
};
const NEXT = { next: text({ description: 'The cursor of the next page; absent on the last one' }), ...MISSING };
const BOOLEAN = oneOf('true', 'false');
const REASON = upTo(200);
const TARGET = {
  pattern: CHANNEL_PATTERN,
  except: { anyOf: [text(), list(text(), { maxItems: 1000 })] },
  reason: REASON,
};

const RELOADED = {
  nodes: list(reply({ node: text(), ok: FLAG }, { changes: list(text()), restart: list(text()), problem: text() })),
};

const onUser = (id: string, more: Readonly<Record<string, Schema>> = {}): Operation => ({
  ...{ id, tag: 'users', needs: 'manage on the pattern' },
  body: body({}, { ...TARGET, ...more }),
  bodyOptional: true,
  reply: ref('Affected'),
});

/** What there is on all nodes, and what can be done about it. */
export const MANAGE_OPERATIONS: Operations = {
  'GET /api/v1/nodes': {
    ...{ id: 'listNodes', tag: 'nodes', needs: 'manage on **' },
    reply: reply({ nodes: list(ref('Node')) }, MISSING),
  },
  'GET /api/v1/config': {
    ...{ id: 'readConfig', tag: 'nodes', needs: 'manage on **' },
    reply: reply({ engine: text(), channels: ANY }),
  },
  'POST /api/v1/reload': {
    ...{ id: 'reload', tag: 'nodes', needs: 'an API key without caps' },
    reply: reply(RELOADED, MISSING),
    failures: { 422: reply({ error: ERROR, ...RELOADED }, MISSING) },
  },
  'POST /api/v1/drain': {
    ...{ id: 'drain', tag: 'nodes', needs: 'an API key without caps' },
    body: body({ node: upTo(200) }),
    status: 202,
    reply: reply({ node: text() }),
  },
  'GET /api/v1/channels': {
    ...{ id: 'listChannels', tag: 'channels', needs: 'manage on the pattern' },
    query: { pattern: CHANNEL_PATTERN, ...PAGE },
    reply: reply({ channels: list(ref('Channel')) }, NEXT),
  },
  'GET /api/v1/channels/{channel}': {
    ...{ id: 'readChannel', tag: 'channels', needs: 'manage' },
    reply: ref('ChannelReport'),
  },
  'DELETE /api/v1/channels/{channel}/messages': {
    ...{ id: 'purgeMessages', tag: 'messages', needs: 'manage' },
    query: { upTo: whole(1) },
    required: ['upTo'],
    reply: reply({ epoch: text(), head: whole(), first: whole() }),
  },
  'PUT /api/v1/channels/{channel}/members/{user}': {
    ...{ id: 'enterMember', tag: 'channels', needs: 'manage' },
    body: body({}, { state: ANY, info: ANY }),
    bodyOptional: true,
    reply: reply({}),
  },
  'DELETE /api/v1/channels/{channel}/members/{user}': {
    ...{ id: 'removeMember', tag: 'channels', needs: 'manage' },
    reply: reply({}, MISSING),
  },
  'GET /api/v1/users/{user}': {
    ...{ id: 'readUser', tag: 'users', needs: 'manage on **' },
    reply: reply(
      {
        user: text(),
        online: FLAG,
        connections: list(ref('Connection')),
        more: whole(),
        channels: list(text()),
        lastSeen: orNull(NUMBER),
      },
      MISSING,
    ),
  },
  'POST /api/v1/users/{user}/disconnect': onUser('disconnectUser', { reconnect: FLAG }),
  'POST /api/v1/users/{user}/subscribe': {
    ...{ id: 'subscribeUser', tag: 'users', needs: 'manage' },
    body: body(
      { channel: text() },
      {
        except: TARGET.except,
        rewind: whole(),
        since: whole(),
        position: reply({ epoch: text(), offset: whole() }),
      },
    ),
    reply: ref('Affected'),
  },
  'POST /api/v1/users/{user}/unsubscribe': onUser('unsubscribeUser'),
  'POST /api/v1/users/{user}/recheck': onUser('recheckUser'),
  'GET /api/v1/connections': {
    ...{ id: 'listConnections', tag: 'users', needs: 'manage on **' },
    query: { user: text(), node: text(), slow: BOOLEAN, ...PAGE },
    reply: reply({ connections: list(ref('Connection')) }, NEXT),
  },
  'DELETE /api/v1/connections/{connection}': {
    ...{ id: 'closeConnection', tag: 'users', needs: 'manage on **' },
    query: { reason: REASON, reconnect: BOOLEAN },
    reply: ref('Affected'),
  },
};
