import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineChannels } from '../src/contracts.ts';
import type { Client } from '../src/index.ts';
import { type ScheduledMessage, schedule, unschedule } from '../src/schedules/index.ts';

const contract = defineChannels({
  'user:{id}': {
    message: z.object({ text: z.string() }),
    events: { reminder: z.object({ title: z.string() }) },
    rule: { schedule: {} },
  },
  'plain:{id}': { message: z.object({ text: z.string() }) },
  'events:{id}': { events: { reminder: z.object({ title: z.string() }) } },
});

declare const client: Client<typeof contract>;
declare const plain: Client;

describe('the types of a contract', () => {
  it('apply to scheduled messages', () => {
    const use = () => {
      const channel = client.channel('user:ada');
      expectTypeOf(schedule(channel, { text: 'a' }, { delay: 1 })).resolves.toEqualTypeOf<ScheduledMessage>();
      void schedule(channel, { title: 'a' }, { at: new Date(), event: 'reminder' });
      void schedule(client.channel('plain:a'), { text: 'a' }, { delay: 1, event: 'any' });
      void schedule(client.channel('events:a'), { title: 'a' }, { delay: 1, event: 'reminder' });
      // @ts-expect-error text is a string
      void schedule(channel, { text: 1 }, { delay: 1 });
      // @ts-expect-error the event has a title
      void schedule(channel, { text: 'a' }, { delay: 1, event: 'reminder' });
      // @ts-expect-error there is no such event
      void schedule(channel, { text: 'a' }, { delay: 1, event: 'other' });
      // @ts-expect-error an event is required
      void schedule(client.channel('events:a'), { title: 'a' }, { delay: 1 });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('do not apply without a contract', () => {
    const use = () => {
      const channel = plain.channel('a');
      void schedule(channel, { anything: 1 }, { delay: 1, event: 'any' });
      void schedule(plain.channel<{ text: string }>('a'), { text: 'a' }, { at: 1 });
      void unschedule(channel, 'id');
      // @ts-expect-error a time is required
      void schedule(channel, 1, {});
      // @ts-expect-error only one time
      void schedule(channel, 1, { delay: 1, at: 1 });
    };
    expectTypeOf(use).toBeFunction();
  });
});
