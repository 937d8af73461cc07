import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { noPostgres, postgresUrl, startPostgres } from './support/postgres-broker.ts';

it.skipIf(noPostgres)('PostgreSQL keeps its tables when it is killed', async () => {
  const server = await startPostgres();
  const run = async (sql: string) => {
    const client = new Client(postgresUrl(server));
    await client.connect();
    onTestFinished(() => client.end());
    client.on('error', () => {}); // the server is killed
    return client.query(sql);
  };
  await run('create table orders (n int); insert into orders values (1)');
  await server.stop('SIGKILL');
  await server.restart();
  expect((await run('select n from orders')).rows).toEqual([{ n: 1 }]);
});
