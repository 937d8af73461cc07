import { testSink } from './conformance/sink-conformance.ts';
import { testSource } from './conformance/source-conformance.ts';
import { postgresUrl, noPostgres as skip, startPostgres } from './support/postgres-broker.ts';
import { PostgresTestClient, sqlScript } from './support/postgres-client.ts';

let tables = 0;

/** An outbox whose data may be anything, and which remembers its rows. */
const outboxOf = (table: string): string => `
  ${sqlScript('outbox').replaceAll('sluice_outbox', table).replaceAll('sluice_publish', `${table}_publish`)}
  alter table ${table} alter column data type text;
  create table ${table}_all (like ${table});
  create function ${table}_remember() returns trigger language plpgsql as
    'begin insert into ${table}_all select new.*; return null; end';
  create trigger ${table}_remember after insert on ${table} for each row execute function ${table}_remember();`;

testSource('PostgreSQL', {
  skip,
  hasKeys: false,
  start: startPostgres,
  open: async (server) => {
    const client = new PostgresTestClient(server);
    const table = `source_${++tables}`;
    await client.once(outboxOf(table));
    return {
      bridge: { postgres: { url: postgresUrl(server) }, from: { table } },
      produce: async (messages) => {
        for (const { body, headers = {} } of messages) {
          await client.run(`insert into ${table} (channel, data, headers) values ('a', $1, $2)`, [body, headers]);
        }
      },
      unacknowledged: async () => {
        const [row] = await client.run<{ n: number }>(`select count(*)::int as n from ${table}`);
        return row?.n ?? 0;
      },
      rewind: async () => {
        const columns = 'xid, id, channel, data, event, tags, headers';
        await client.once(`alter table ${table} disable trigger ${table}_remember;
          insert into ${table} (${columns}) overriding system value select ${columns} from ${table}_all;
          alter table ${table} enable trigger ${table}_remember`);
      },
      close: () => client.close(),
    };
  },
});

testSink('PostgreSQL', {
  ...{ skip, prefix: 'ce_', deduplicates: true },
  start: startPostgres,
  open: async (server) => {
    const client = new PostgresTestClient(server);
    const table = `sink_${++tables}`;
    await client.once(sqlScript('messages').replaceAll('sluice_messages', table));
    return {
      bridge: { postgres: { url: postgresUrl(server) }, to: { table } },
      received: () =>
        client.run<{ body: string; headers: Readonly<Record<string, string>> }>(
          `select data::text as body, headers from ${table} order by "offset"`,
        ),
      close: () => client.close(),
    };
  },
});
