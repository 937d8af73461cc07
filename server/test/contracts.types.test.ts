import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createGateway, defineChannels, type Gateway } from '../src/index.ts';

const channels = defineChannels({
  'chat:{room}': {
    message: z.object({ text: z.string(), at: z.string().default('now') }),
    events: { typing: z.object({ on: z.boolean() }) },
  },
  'user:{id}': { message: z.object({ title: z.string() }) },
});

// Never called: only type-checked.
const never = (_: () => unknown): void => {};

describe('a gateway with contracts', () => {
  it('publishes what its contracts accept', () => {
    never(async () => {
      const gateway = createGateway({ contracts: channels, anonymous: true });
      const id = String(1);
      await gateway.start();
      await gateway.publish('user:ada', { title: 'Hi' });
      await gateway.publish(`user:${id}`, { title: 'Hi' }, { event: 'any', key: 'k', tags: { a: 'b' } });
      await gateway.publish('chat:a', { text: 'Hi' }, { ttl: 1_000, if: { offset: 1 }, trace: 't' });
      await gateway.schedule('chat:a', { text: 'Hi' }, { delay: 1_000, ttl: 1_000, trace: 't' });
      await gateway.publish('chat:a', { on: true }, { event: 'typing' });
      // @ts-expect-error
      await gateway.publish('usr:ada', { title: 'Hi' });
      // @ts-expect-error
      await gateway.publish('user:ada:inbox', { title: 'Hi' });
      // @ts-expect-error
      await gateway.publish('user:ada', { titel: 'Hi' });
      // @ts-expect-error
      await gateway.publish('chat:a', { on: true }, { event: 'typng' });
      // @ts-expect-error
      await gateway.publish('chat:a', { text: 'Hi' }, { event: 'typing' });
    });
  });

  it('accepts only the configured channels', () => {
    never(async () => {
      const gateway = createGateway({ contracts: channels, channels: { 'log:**': {}, 'chat:{room}': { rate: 5 } } });
      await gateway.publish('log:a:b', [1, 2]);
      await gateway.publish('chat:a', { text: 'Hi' });
      // @ts-expect-error
      await gateway.publish('chat:a', { txt: 'Hi' });
      // @ts-expect-error
      await gateway.publish('lgo:a', [1, 2]);
    });
  });
});

it('a gateway without contracts accepts any channel', () => {
  never(async () => {
    const gateway = createGateway({ channels: { 'log:**': {} }, anonymous: true });
    expectTypeOf(gateway).toEqualTypeOf<Gateway>();
    await gateway.publish('anything', { any: 'thing' }, { event: 'any' });
  });
});
