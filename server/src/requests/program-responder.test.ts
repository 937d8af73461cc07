import type { Json } from '@sluice/protocol';
import { expect, it } from 'vitest';
import type { RuleMatch } from '../channels/rules.ts';
import { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import { OpenRequest } from './open-request.ts';
import { ProgramResponder, ReplyError, type RequestFunction } from './program-responder.ts';

/** Sends a request to the function. @returns how it ended, and what was reported */
async function ask(answer: RequestFunction) {
  const faults: unknown[] = [];
  const replies: Json[] = [];
  const events = new EventBus();
  events.on('fault', ({ error }) => void faults.push(error));
  const rule = { pattern: { source: 'sum' }, maxPayload: 1_000, schemas: null, requests: { maxReplies: 10 } };
  const end = await new Promise((resolve) => {
    const request = new OpenRequest({
      ...{ id: 'r1', channel: 'sum', match: { rule } as unknown as RuleMatch, data: null, size: 1, from: undefined },
      ...{ timeout: 100, arrived: 0, onEnd: () => {} },
      sink: { reply: (data) => void replies.push(data), end: resolve },
    });
    new ProgramResponder({ answer, concurrency: 1, events }).handle(request);
  });
  await new Promise(setImmediate);
  return { end: end instanceof Refusal ? end.body.responder : end, replies, faults: faults.map(String) };
}

const failWith = (error: Error) => () => {
  throw error;
};

it.each<[string, RequestFunction, string]>([
  ['NaN', () => Number.NaN, 'Error: data: not a finite number of at most 17 digits; send it as a string'],
  ['a date', () => ({ at: new Date() }) as unknown as Json, 'Error: data.at: not a plain object'],
  [
    'a date in a stream',
    async function* () {
      yield 1;
      yield new Date() as unknown as Json;
    },
    'Error: data: not a plain object',
  ],
  [
    'an error with a bad code',
    failWith(new ReplyError('a b')),
    'Error: "error.code" must be 1 to 64 characters of A-Z a-z 0-9 _ - .',
  ],
  [
    'an error with a long message',
    failWith(new ReplyError('no', 'x'.repeat(1_001))),
    'Error: "error.message" must be a string of at most 1000 characters',
  ],
  [
    'an error with a date',
    failWith(new ReplyError('no', 'no', new Date() as unknown as Json)),
    'Error: error.data: not a plain object',
  ],
])('a reply that the gateway cannot pass on ends the request, and is reported: %s', async (_, answer, fault) => {
  expect(await ask(answer)).toMatchObject({ end: { code: 'invalid_reply' }, faults: [fault] });
});

it('a stream of undefined replies with null', async () => {
  async function* nothings(): AsyncGenerator<Json> {
    yield undefined as unknown as Json;
  }
  expect(await ask(nothings)).toEqual({ end: {}, replies: [null], faults: [] });
});
