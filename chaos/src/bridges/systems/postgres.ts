import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import { postgresUrl } from '../../../../bridges/test/support/postgres-broker.ts';
import { PostgresTestClient, sqlScript } from '../../../../bridges/test/support/postgres-client.ts';
import { type Produced, type SoakSystem, sentOf } from './system.ts';

export const postgresSoak: SoakSystem = {
  ...{ broker: BROKERS.postgres, kill: 'SIGKILL', deduplicates: true },
  open: async (server) => {
    const client = new PostgresTestClient(server);
    await client.once(`${sqlScript('outbox')} ${sqlScript('messages')} create table produced (n bigint primary key)`);
    return {
      connection: { postgres: { url: postgresUrl(server) } },
      from: { table: 'sluice_outbox' },
      to: { table: 'sluice_messages', envelope: 'raw' },
      key: '{header:key}',
      produce: (messages) => produce(client, messages),
      sent: async () => {
        const rows = await client.run<{ body: string; headers: Record<string, string> }>(
          'select data::text as body, headers from sluice_messages order by ctid',
        );
        return rows.map(({ body, headers }) => sentOf(headers, body));
      },
      close: () => client.close(),
    };
  },
};

/** In one transaction with a note of the number: what is produced again is recognised. */
async function produce(client: PostgresTestClient, messages: readonly Produced[]): Promise<void> {
  await client.once(
    `with fresh as (
       insert into produced (n) select unnest($1::bigint[]) on conflict do nothing returning n
     )
     insert into sluice_outbox (channel, data, headers)
     select 'soak', body::jsonb, jsonb_build_object('key', key)
     from unnest($1::bigint[], $2::text[], $3::text[]) as given(n, key, body) join fresh using (n) order by n`,
    [messages.map(({ n }) => n), messages.map(({ key }) => key), messages.map(({ body }) => body)],
  );
}
