import type { Tags } from '@sluice/protocol';
import { type } from 'arktype';
import * as v from 'valibot';
import { assertType, describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type ChannelName,
  type ChannelParams,
  type Channels,
  defineChannels,
  type EventsOf,
  type StateOf,
} from '../src/contracts.ts';
import type {
  Channel,
  ChannelOf,
  Client,
  EventMessage,
  KnownName,
  Message,
  MessageOf,
  PlainMessage,
  PublishedOf,
} from '../src/index.ts';
import { createClient } from '../src/index.ts';

/** Every feature of a contract, in zod. Input and output types differ. */
const channels = defineChannels({
  'chat:{room}': {
    message: z.object({ text: z.string(), at: z.string().default('now') }),
    events: { typing: z.object({ on: z.boolean() }), seen: z.number() },
    presence: z.object({ status: z.enum(['here', 'away']).default('here') }),
    rule: { allow: { subscribe: ({ user, params }) => user === params.room }, history: { count: 10, age: '1h' } },
  },
  'chat:announcements': { message: z.object({ title: z.string() }) },
  'user:{id}:inbox': { message: z.object({ note: z.string() }) },
  'moves:{game}': { events: { move: z.object({ from: z.string(), to: z.string() }), resign: z.null() } },
  'log:**': { message: z.string() },
  'free:{x}': {},
});
type Chat = typeof channels;

// Never executed: only the types matter.
const client = (): Client<Chat> => createClient<Chat>({ url: 'ws://localhost' });
const never = (_: () => unknown): void => {};

interface Line {
  text: string;
  at: string;
}

describe('names', () => {
  it('are template literals of the patterns', () => {
    expectTypeOf<ChannelName<Chat>>().toEqualTypeOf<
      | `chat:${string}`
      | 'chat:announcements'
      | `user:${string}:inbox`
      | `moves:${string}`
      | `log:${string}`
      | `free:${string}`
    >();
  });

  it('have typed params', () => {
    expectTypeOf<ChannelParams<'chat:{room}'>>().toEqualTypeOf<{ readonly room: string }>();
    expectTypeOf<ChannelParams<'a:{b}:c:{d}:**'>>().toEqualTypeOf<{ readonly b: string; readonly d: string }>();
    expectTypeOf<keyof ChannelParams<'news'>>().toBeNever();
  });

  it('can be computed at run time', () => {
    never((room = String(1), id = 7) => {
      expectTypeOf(client().channel(`chat:${room}`)).toEqualTypeOf(client().channel('chat:lobby'));
      expectTypeOf(client().channel(`user:${id}:inbox`)).toEqualTypeOf(client().channel('user:42:inbox'));
      expectTypeOf(client().channel(`log:${room}:${id}`)).toEqualTypeOf(client().channel('log:a'));
    });
  });
  it('are rejected if no pattern matches', () => {
    never(() => {
      // @ts-expect-error
      client().channel('chatt:lobby');
      // @ts-expect-error
      client().channel('chat:lobby:deep');
      // @ts-expect-error
      client().channel('chat:');
      // @ts-expect-error
      client().channel('chat');
      // @ts-expect-error
      client().channel('log');
      // @ts-expect-error
      client().channel('user:42');
      // @ts-expect-error
      client().channel(String(1));
    });
  });

  it('use the most specific matching pattern', () => {
    expectTypeOf<MessageOf<Chat, 'chat:announcements'>['data']>().toEqualTypeOf<{ title: string }>();
    expectTypeOf<MessageOf<Chat, 'log:a:b:c'>['data']>().toEqualTypeOf<string>();
  });
});

describe('a channel', () => {
  it("delivers the schema's output, discriminated by event", () => {
    expectTypeOf<MessageOf<Chat, 'chat:lobby'>>().toEqualTypeOf<
      PlainMessage<Line> | EventMessage<{ on: boolean }, 'typing'> | EventMessage<number, 'seen'>
    >();
    never(() =>
      client()
        .channel('chat:lobby')
        .subscribe((message) => {
          if (message.event === 'typing') expectTypeOf(message.data).toEqualTypeOf<{ on: boolean }>();
          else if (message.event === 'seen') expectTypeOf(message.data).toEqualTypeOf<number>();
          else expectTypeOf(message.data).toEqualTypeOf<Line>();
          switch (message.event) {
            case undefined:
              expectTypeOf(message.data.text).toEqualTypeOf<string>();
          }
          expectTypeOf(message.tags).toEqualTypeOf<Tags | undefined>();
        }),
    );
  });

  it('has filters for the events of its contract only', () => {
    never(() => {
      const lobby = client().channel('chat:lobby');
      lobby.subscribe(() => {}, { filter: { event: 'typing', tags: { lang: 'en' } } });
      lobby.subscribe(() => {}, { filter: { event: ['typing', 'seen'] } });
      // @ts-expect-error
      lobby.subscribe(() => {}, { filter: { event: 'typed' } });
      // @ts-expect-error
      lobby.subscribe(() => {}, { filter: { event: ['typing', 'saw'] } });
      // @ts-expect-error
      lobby.history({ filter: { event: 'saw' } });
      // @ts-expect-error
      lobby.messages({ filter: { event: 'saw' } });
      client()
        .channel('user:ada:inbox')
        .subscribe(() => {}, { filter: { event: 'anything' } });
      createClient({ url: 'ws://localhost' })
        .channel('free')
        .subscribe(() => {}, { filter: { event: 'anything' } });
    });
  });

  it("accepts the schema's input, for its event", () => {
    never(() => {
      const lobby = client().channel('chat:lobby');
      lobby.publish({ text: 'Hi' });
      lobby.publish({ text: 'Hi' }, { tags: { a: 'b' } });
      lobby.publish({ on: true }, { event: 'typing' });
      lobby.publish(7, { event: 'seen', key: 'k' });
      // @ts-expect-error
      lobby.publish({ txt: 'Hi' });
      // @ts-expect-error
      lobby.publish({ text: 'Hi' }, { event: 'typing' });
      // @ts-expect-error
      lobby.publish({ on: true }, { event: 'typng' });
      // @ts-expect-error
      lobby.publish({ on: true });
    });
    expectTypeOf<PublishedOf<Chat, 'chat:lobby'>>().toEqualTypeOf<{ text: string; at?: string | undefined }>();
    expectTypeOf<PublishedOf<Chat, 'chat:{room}', 'typing'>>().toEqualTypeOf<{ on: boolean }>();
    expectTypeOf<EventsOf<Chat, 'chat:lobby'>>().toEqualTypeOf<'typing' | 'seen'>();
  });

  it('with events only accepts no message without an event', () => {
    never(() => {
      const game = client().channel('moves:7');
      game.publish({ from: 'e2', to: 'e4' }, { event: 'move' });
      game.publish(null, { event: 'resign' });
      // @ts-expect-error
      game.publish({ from: 'e2', to: 'e4' });
      // @ts-expect-error
      game.publish({ from: 'e2', to: 'e4' }, {});
      // @ts-expect-error
      game.publish({ from: 'e2', to: 'e4' }, { event: 'resign' });
    });
    expectTypeOf<MessageOf<Chat, 'moves:7'>['event']>().toEqualTypeOf<'move' | 'resign'>();
  });

  it('without events accepts any event', () => {
    never(() => client().channel('log:a').publish('text', { event: 'whatever' }));
    expectTypeOf<MessageOf<Chat, 'log:a'>>().toEqualTypeOf<Message<string>>();
    expectTypeOf<EventsOf<Chat, 'log:a'>>().toEqualTypeOf<string>();
  });

  it('without schemas has unknown data, never any', () => {
    expectTypeOf<MessageOf<Chat, 'free:a'>>().toEqualTypeOf<Message<unknown>>();
    expectTypeOf<StateOf<Chat, 'free:a'>>().toBeUnknown();
    never(() => client().channel('free:a').publish({ any: 'thing' }));
  });

  it('types history, iteration and presence', () => {
    never(async () => {
      const lobby = client().channel('chat:lobby');
      const page = await lobby.history({ limit: 1 });
      expectTypeOf(page.messages).toEqualTypeOf<readonly MessageOf<Chat, 'chat:lobby'>[]>();
      for await (const message of lobby) expectTypeOf(message).toEqualTypeOf<MessageOf<Chat, 'chat:lobby'>>();
      for await (const message of lobby.messages({ rewind: 1 })) assertType<MessageOf<Chat, 'chat:lobby'>>(message);
      await lobby.presence.enter({});
      await lobby.presence.update({ status: 'away' });
      // @ts-expect-error
      await lobby.presence.update({ status: 'gone' });
      expectTypeOf(lobby.presence.members.list[0]?.state).toEqualTypeOf<StateOf<Chat, 'chat:lobby'> | undefined>();
      expectTypeOf<StateOf<Chat, 'chat:lobby'>>().toEqualTypeOf<{ status: 'here' | 'away' }>();
    });
  });
});

describe('a client without a contract', () => {
  it('is unchanged', () => {
    never(async () => {
      const plain: Client = createClient({ url: 'ws://localhost' });
      const channel = plain.channel('anything:at:all');
      channel.subscribe(({ data }) => expectTypeOf(data).toBeUnknown());
      const typed = plain.channel<{ text: string }, { on: boolean }>('chat:lobby');
      typed.subscribe(({ data, event }) => {
        expectTypeOf(data).toEqualTypeOf<{ text: string }>();
        expectTypeOf(event).toEqualTypeOf<string | undefined>();
      });
      await typed.publish({ text: 'Hi' }, { event: 'any' });
      await typed.presence.enter({ on: true });
    });
  });
});

describe('a function that accepts any client', () => {
  const use = <C extends Channels, const Name extends ChannelName<C>>(_: Client<C>, name: KnownName<C, Name>) =>
    name as unknown as ChannelOf<C, Name>;

  it('knows the channels of the contract', () => {
    never(() => {
      expectTypeOf(use(client(), 'chat:lobby')).toEqualTypeOf(client().channel('chat:lobby'));
      // @ts-expect-error
      use(client(), 'chatt:lobby');
      // @ts-expect-error
      use(client(), 'chat:lobby:deep');
    });
  });

  it('leaves a client without a contract unchanged', () => {
    never((plain: Client = createClient({ url: 'ws://localhost' })) => {
      expectTypeOf(use(plain, 'any:thing')).toEqualTypeOf<Channel>();
    });
    expectTypeOf<MessageOf<Channels, 'any:thing'>>().toEqualTypeOf<Message<unknown>>();
    expectTypeOf<EventsOf<Channels, 'any:thing'>>().toEqualTypeOf<string>();
    expectTypeOf<StateOf<Channels, 'any:thing'>>().toBeUnknown();
  });
});

describe('a contract', () => {
  it('rejects unknown parts', () => {
    never(() =>
      defineChannels({
        // @ts-expect-error
        'chat:{room}': { message: z.string(), evnts: { typing: z.string() } },
      }),
    );
    // @ts-expect-error
    never(() => defineChannels({ 'chat:{room}': { message: 'text' } }));
    // @ts-expect-error
    never(() => defineChannels({ 'chat:{room}': { rule: { slow: 'never' } } }));
  });
});

describe('other schema libraries', () => {
  const inValibot = defineChannels({
    'a:{id}': {
      message: v.object({ text: v.string(), at: v.optional(v.string(), 'now') }),
      events: { typing: v.object({ on: v.boolean() }) },
      presence: v.object({ status: v.picklist(['here', 'away']) }),
    },
  });
  const inArktype = defineChannels({
    'a:{id}': {
      message: type({ text: 'string', at: "string = 'now'" }),
      events: { typing: type({ on: 'boolean' }) },
      presence: type({ status: "'here' | 'away'" }),
    },
  });

  it('valibot', () => {
    expectTypeOf<MessageOf<typeof inValibot, 'a:1'>>().toEqualTypeOf<
      PlainMessage<Line> | EventMessage<{ on: boolean }, 'typing'>
    >();
    expectTypeOf<PublishedOf<typeof inValibot, 'a:1'>>().toEqualTypeOf<{ text: string; at?: string | undefined }>();
    expectTypeOf<StateOf<typeof inValibot, 'a:1'>>().toEqualTypeOf<{ status: 'here' | 'away' }>();
  });

  it('arktype', () => {
    expectTypeOf<MessageOf<typeof inArktype, 'a:1'>>().toEqualTypeOf<
      PlainMessage<Line> | EventMessage<{ on: boolean }, 'typing'>
    >();
    expectTypeOf<PublishedOf<typeof inArktype, 'a:1'>>().toEqualTypeOf<{ text: string; at?: string }>();
    expectTypeOf<StateOf<typeof inArktype, 'a:1'>>().toEqualTypeOf<{ status: 'here' | 'away' }>();
  });
});
