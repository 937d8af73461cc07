import { expect, it } from 'vitest';
import { connectNats, type NatsClient } from './nats-connection.ts';

/** What the client of NATS gets for a URL. */
async function optionsFor(connection: Readonly<Record<string, string>>): Promise<unknown> {
  let given: unknown;
  const connect = async (options: unknown) => {
    given = options;
  };
  await connectNats({ transport: { connect } } as unknown as NatsClient, connection);
  return given;
}

it.each([
  ['a user and a password', { url: 'nats://anna:p%40ss@host:4222' }, { user: 'anna', pass: 'p@ss' }],
  ['a token', { url: 'nats://s%2Fcret@host:4222' }, { token: 's/cret' }],
  ['a token that is an option', { url: 'nats://host:4222', token: 'secret' }, { token: 'secret' }],
])('a URL of NATS may have %s', async (_, connection, expected) => {
  expect(await optionsFor(connection)).toMatchObject({ ...expected, servers: ['host:4222'] });
});
