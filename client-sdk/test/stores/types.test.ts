import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineChannels } from '../../src/contracts.ts';
import type { Client, EventMessage, Message } from '../../src/index.ts';
import { createHooks, type UseMessages, useConnection, useMessages } from '../../src/react/index.ts';
import { messageStore, presenceStore } from '../../src/stores/index.ts';
import { getClient, type LiveMessages, liveConnection, liveMessages, livePresence } from '../../src/svelte/index.ts';

const channels = defineChannels({
  'chat:{room}': {
    message: z.object({ text: z.string(), at: z.string().default('now') }),
    presence: z.object({ status: z.enum(['here', 'away']).default('here') }),
  },
  'moves:{game}': { events: { move: z.object({ from: z.string() }), resign: z.null() } },
});
type Chat = typeof channels;
interface Line {
  text: string;
  at: string;
}

// Never executed: only the types matter.
const never = (_: (typed: Client<Chat>, plain: Client) => unknown): void => {};

describe('a client with a contract', () => {
  it('has lists of its messages', () =>
    never((client) => {
      expectTypeOf(messageStore(client, 'chat:a').getSnapshot().messages).toEqualTypeOf<readonly Message<Line>[]>();
      const room = liveMessages(client, () => `chat:${String(1)}` as const, {
        onMessage: ({ data }) => expectTypeOf(data).toEqualTypeOf<Line>(),
      });
      expectTypeOf(room.messages).toEqualTypeOf<readonly Message<Line>[]>();
      expectTypeOf(liveMessages(client, 'moves:1').messages).toEqualTypeOf<
        readonly (EventMessage<{ from: string }, 'move'> | EventMessage<null, 'resign'>)[]
      >();
      room.publish({ text: 'Hello' });
      // @ts-expect-error a line has a text, not a number
      room.publish({ text: 1 });
      // @ts-expect-error the contract knows no such channel
      liveMessages(client, 'news');
      // @ts-expect-error nor with a function
      liveMessages(client, () => 'news' as const);
    }));

  it('has members with its states', () =>
    never((client) => {
      const [member] = livePresence(client, 'chat:a').members;
      expectTypeOf(member?.state).toEqualTypeOf<{ status: 'here' | 'away' } | undefined>();
      livePresence(client, 'chat:a').stay({});
      presenceStore(client, 'chat:a').stay({ status: 'away' });
      // @ts-expect-error not a status of the contract
      livePresence(client, 'chat:a').stay({ status: 'asleep' });
    }));

  it('types the hooks', () =>
    never(() => {
      const hooks = createHooks<Chat>();
      expectTypeOf(hooks.useClient()).toEqualTypeOf<Client<Chat>>();
      expectTypeOf(hooks.useMessages('chat:a')).toEqualTypeOf<UseMessages<Message<Line>>>();
      hooks.useMessages(null);
      hooks.usePublish('chat:a')({ text: 'Hello' });
      hooks.usePresence('chat:a', { enter: { status: 'away' } });
      // @ts-expect-error a line has a text
      hooks.usePublish('chat:a')({});
      // @ts-expect-error the contract knows no such channel
      hooks.useMessages('news');
      // @ts-expect-error not a status of the contract
      hooks.usePresence('chat:a', { enter: { status: 'asleep' } });
      expectTypeOf(getClient<Chat>()).toEqualTypeOf<Client<Chat>>();
      expectTypeOf(liveConnection(getClient<Chat>())).toEqualTypeOf(useConnection());
    }));
});

describe('a client without a contract', () => {
  it("uses the caller's types", () =>
    never((_, client) => {
      expectTypeOf(liveMessages<Line>(client, 'any')).toEqualTypeOf<LiveMessages<Message<Line>>>();
      expectTypeOf(liveMessages(client, () => null).messages).toEqualTypeOf<readonly Message[]>();
      expectTypeOf(useMessages<Line>('any').messages).toEqualTypeOf<readonly Message<Line>[]>();
      livePresence<{ typing: boolean }>(client, 'any').stay({ typing: true });
      // @ts-expect-error not such a state
      livePresence<{ typing: boolean }>(client, 'any').stay({ typing: 1 });
    }));
});
