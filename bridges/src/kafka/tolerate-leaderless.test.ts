import { ResponseError } from '@platformatic/kafka';
import { expect, it } from 'vitest';
import type { KafkaClient } from './kafka-connection.ts';
import { tolerateLeaderless } from './tolerate-leaderless.ts';

const GET_API = Symbol('getApi');
const METADATA = 3;

type Errors = Readonly<Record<string, readonly [number, null]>>;

/** What a client learns from an answer with these errors. */
function answerTo(name: string, errors: Errors): unknown {
  const response = { topics: [] };
  // The client's types say that errors have codes only.
  const refused = new ResponseError(METADATA, 12, errors as never, response);
  const api = (_connection: unknown, callback: (error: unknown, found?: unknown) => void) => callback(refused);
  const base = { [GET_API]: (_: string, found: (error: null, api: unknown) => void) => found(null, api) };
  const client = { kGetApi: GET_API } as unknown as KafkaClient;
  const tolerant = tolerateLeaderless(client, base as never) as typeof base;
  let learned: unknown;
  tolerant[GET_API](name, (_, read) => {
    (read as typeof api)('connection', (error, found) => {
      learned = error === null ? found : 'failed';
    });
  });
  return learned;
}

it.each<[string, string, Errors, unknown]>([
  ['a partition without a leader', 'Metadata', { '/topics/0/partitions/1': [5, null] }, { topics: [] }],
  ['a topic that is being created', 'Metadata', { '/topics/0': [5, null] }, 'failed'],
  ['a topic that is unknown', 'Metadata', { '/topics/0': [3, null], '/topics/1/partitions/0': [5, null] }, 'failed'],
  ['another error of a partition', 'Metadata', { '/topics/0/partitions/1': [6, null] }, 'failed'],
  ['another question', 'Fetch', { '/topics/0/partitions/1': [5, null] }, 'failed'],
])('an answer with %s', (_, name, errors, learned) => {
  expect(answerTo(name, errors)).toEqual(learned);
});
