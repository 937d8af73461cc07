import { type Client, createClient } from '@sluice/client';
import { createTestClient } from '@sluice/client/testing';
import { vi } from 'vitest';
import WebSocket from 'ws';
import { z } from 'zod';
import { defineChannels } from '../../src/contracts.ts';
import { startTestGateway } from '../../src/testing/index.ts';

/** Fields of a message that filters select by. */
export interface TaggedOptions {
  readonly event?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The operations of a scenario on the real gateway or its test double. */
export interface AnyGateway {
  client(user: string | null): Client;
  publish(channel: string, data: unknown, from?: string): Promise<void>;
  /** Publishes with an event and tags. */
  publishTagged(channel: string, data: unknown, options: TaggedOptions): Promise<void>;
  /** Publishes a message that gets lost. */
  lose(channel: string): Promise<void>;
  drop(user: string): Promise<void>;
  restart(): Promise<void>;
  refuseConnections(): void;
  accept(): void;
  expireToken(user: string): void;
  /** Ends the grace period of all disconnected members. */
  endGrace(): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Messages have a trimmed text, or report that a user is typing. */
const contracts = defineChannels({
  'notes:{id}': {
    message: z.object({ text: z.string().trim().max(20) }),
    events: { typing: z.object({ typing: z.boolean() }) },
    presence: z.object({ status: z.enum(['here', 'away']).default('here') }),
    rule: { allow: { '*': 'users' }, history: { count: 5 }, presence: { interval: 0 } },
  },
  'alerts:{id}': {
    events: { fire: z.object({ floor: z.number() }) },
    rule: { allow: { '*': 'users' }, history: true },
  },
});

const open = { allow: { '*': 'users' } } as const;
const presence = { interval: 0 };

/** `chat:*` keeps 5 messages, `news:*` none, `staff:*` permits nothing, and `all-orders` binds `orders:*:*`. */
async function realGateway(): Promise<AnyGateway> {
  const gateway = await startTestGateway({
    anonymous: true,
    contracts,
    channels: {
      'chat:{room}': { ...open, history: { count: 5 }, presence },
      'news:{topic}': { ...open, presence },
      'staff:{room}': {},
      'orders:{region}:{kind}': open,
      'all-orders': { ...open, history: { count: 5 }, bind: ['orders:**'] },
      'offers:{id}': { ...open, history: { count: 5 }, ttl: { default: '10s', max: '1m' } },
    },
  });
  const clients: Client[] = [];
  return {
    client(user) {
      const token = user === null ? {} : { token: () => gateway.token(user) };
      const client = createClient({ url: gateway.url, WebSocket, ...token });
      clients.push(client);
      return client;
    },
    async publish(channel, data, from) {
      await (from === undefined ? gateway.publish(channel, data) : gateway.publishAs(from, channel, data));
    },
    async publishTagged(channel, data, options) {
      await gateway.publish(channel, data, options);
    },
    async lose(channel) {
      gateway.faults.loseMessage(channel);
      await gateway.publish(channel, 'lost');
    },
    async drop(user) {
      gateway.faults.drop(user);
      await gateway.disconnected(user);
    },
    restart: () => gateway.faults.restart(),
    refuseConnections: () => gateway.faults.refuseConnections(),
    accept: () => gateway.faults.accept(),
    expireToken: (user) => gateway.faults.expireToken(user),
    endGrace: () => gateway.clock.advance('5s'),
    pass: (ms) => gateway.clock.advance(ms),
    async close() {
      for (const client of clients) client.close();
      await gateway.close();
    },
  };
}

async function doubleGateway(): Promise<AnyGateway> {
  const { gateway } = createTestClient({
    channels: {
      ...contracts,
      'chat:{room}': { rule: { history: { count: 5 } } },
      'news:{topic}': { rule: { history: false } },
      'staff:{room}': {},
      'orders:{region}:{kind}': { rule: { history: false } },
      'all-orders': { rule: { history: { count: 5 }, bind: ['orders:**'] } },
      'offers:{id}': { rule: { history: { count: 5 }, ttl: { default: '10s', max: '1m' } } },
    },
  });
  gateway.deny('*', 'staff:*');
  return {
    client: (user) => gateway.client(user) as unknown as Client,
    async publish(channel, data, from) {
      gateway.publish(channel, data, from === undefined ? {} : { from });
    },
    async publishTagged(channel, data, options) {
      gateway.publish(channel, data, options);
    },
    async lose(channel) {
      gateway.gap(channel);
    },
    async drop(user) {
      gateway.drop(user);
    },
    async restart() {
      gateway.restart();
    },
    refuseConnections: () => gateway.refuseConnections(),
    accept: () => gateway.accept(),
    expireToken: (user) => gateway.closeWith('token_expired', user),
    async endGrace() {
      gateway.endGrace();
    },
    async pass(ms) {
      vi.setSystemTime(Date.now() + ms);
    },
    async close() {
      gateway.close();
    },
  };
}

/** The gateway and its test double: scenarios must behave the same on both. */
export const GATEWAYS = [
  { name: 'a real gateway', start: realGateway },
  { name: 'the double of @sluice/client/testing', start: doubleGateway },
];
