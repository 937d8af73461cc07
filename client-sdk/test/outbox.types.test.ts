import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineChannels } from '../src/contracts.ts';
import { createClient } from '../src/index.ts';
import { createOutbox, type Outbox, type Outgoing } from '../src/outbox/index.ts';

const channels = defineChannels({
  'chat:{room}': {
    message: z.object({ text: z.string(), at: z.string().default('now') }),
    events: { typing: z.object({ on: z.boolean() }) },
  },
  'moves:{game}': { events: { move: z.object({ to: z.string() }) } },
  'free:{x}': {},
});

// Never executed: only the types matter.
const outbox = () => createOutbox(createClient<typeof channels>({ url: 'ws://localhost' }), { user: 'ada' });
const plain = () => createOutbox(createClient({ url: 'ws://localhost' }), { user: null });
const never = (_: () => unknown): void => {};

describe('an outbox of a client with a contract', () => {
  it('accepts the names and the data of the contract', () => {
    expectTypeOf(outbox).returns.toEqualTypeOf<Outbox<typeof channels>>();
    never(() => {
      const outgoing = outbox().publish('chat:lobby', { text: 'Hello' });
      expectTypeOf(outgoing.data).toEqualTypeOf<{ text: string; at?: string | undefined }>();
      outbox().publish('chat:lobby', { on: true }, { event: 'typing' });
      outbox().publish('moves:1', { to: 'e4' }, { event: 'move' });
      outbox().publish('free:1', 42, { event: 'anything' });
      // @ts-expect-error the contract requires `text`
      outbox().publish('chat:lobby', { on: true });
      // @ts-expect-error no such event
      outbox().publish('chat:lobby', { text: '' }, { event: 'shout' });
      // @ts-expect-error every message of this channel has an event
      outbox().publish('moves:1', { to: 'e4' });
      // @ts-expect-error no pattern matches this name
      outbox().publish('news', 1);
    });
  });

  it('returns channels with the types of the contract', () => {
    never(() => {
      const chat = outbox().channel('chat:lobby');
      chat.publish({ text: 'Hello' });
      chat.publish({ on: true }, { event: 'typing' });
      // @ts-expect-error the event requires `on`
      chat.publish({ text: '' }, { event: 'typing' });
      const data = chat.messages.map((message) => message.data);
      expectTypeOf(data).toEqualTypeOf<({ text: string; at?: string | undefined } | { on: boolean })[]>();
    });
  });
});

describe('an outbox without a contract', () => {
  it("uses the caller's types", () => {
    never(() => {
      expectTypeOf(plain().publish('a', { n: 1 })).toEqualTypeOf<Outgoing<{ n: number }>>();
      expectTypeOf(plain().channel<string>('a').messages[0]?.data).toEqualTypeOf<string | undefined>();
    });
  });
});
