import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineChannels } from '../src/contracts.ts';
import type { Client } from '../src/index.ts';
import { consume } from '../src/queues/index.ts';
import { request, requestMany, respond } from '../src/requests/index.ts';

const contract = defineChannels({
  'math:{name}': {
    request: { in: z.object({ a: z.number(), b: z.number().default(0) }), out: z.object({ sum: z.number() }) },
  },
  'jobs:{kind}': { message: z.object({ to: z.string() }) },
});

declare const client: Client<typeof contract>;
declare const plain: Client;

describe('the types of a contract', () => {
  it('apply to requests and replies', () => {
    const use = () => {
      const channel = client.channel('math:add');
      expectTypeOf(request(channel, { a: 1 })).resolves.toEqualTypeOf<{ sum: number }>();
      expectTypeOf(requestMany(channel, { a: 1 })).toEqualTypeOf<AsyncGenerator<{ sum: number }, void, void>>();
      // @ts-expect-error a is a number
      void request(channel, { a: 'one' });
    };
    expectTypeOf(use).toBeFunction();
  });

  it('apply to the handler of a responder', () => {
    const use = () => {
      const channel = client.channel('math:add');
      respond(channel, ({ data }) => {
        expectTypeOf(data).toEqualTypeOf<{ a: number; b: number }>();
        return { sum: data.a + data.b };
      });
      // @ts-expect-error sum is a number
      respond(channel, () => ({ sum: 'three' }));
    };
    expectTypeOf(use).toBeFunction();
  });

  it('apply to the messages of a consumer', () => {
    const use = () =>
      consume(client.channel('jobs:mail'), ({ message }) => {
        expectTypeOf(message.data).toEqualTypeOf<{ to: string }>();
      });
    expectTypeOf(use).toBeFunction();
  });

  it('are unknown without a contract, unless the caller names them', () => {
    const use = () => {
      const channel = plain.channel('math:add');
      expectTypeOf(request(channel, 1)).resolves.toBeUnknown();
      expectTypeOf(request<number>(channel, 1)).resolves.toBeNumber();
      consume(plain.channel<{ to: string }>('jobs:mail'), ({ message }) => {
        expectTypeOf(message.data).toEqualTypeOf<{ to: string }>();
      });
    };
    expectTypeOf(use).toBeFunction();
  });
});
