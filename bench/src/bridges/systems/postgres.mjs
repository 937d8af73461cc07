import { readFileSync } from 'node:fs';
import pg from 'pg';
import { bodyOf, CHANNEL, groupsOf, headersOf, IN_FLIGHT } from '../messages.mjs';

const OUTBOX = 'sluice_outbox';
const MESSAGES = 'sluice_messages';

const script = (name) => readFileSync(new URL(`../../../../bridges/sql/${name}.sql`, import.meta.url), 'utf8');
const urlOf = (port) => `postgres://sluice@127.0.0.1:${port}/postgres`;

async function link(port) {
  const client = new pg.Client({ connectionString: urlOf(port) });
  await client.connect();
  return client;
}

export const postgres = {
  title: 'PostgreSQL',
  broker: 'postgres',
  count: 30_000,
  bridge: (port) => ({ postgres: { url: urlOf(port) } }),
  from: { table: OUTBOX },
  to: { table: MESSAGES },

  async prepare(port) {
    const client = await link(port);
    await client.query(script('messages'));
    await client.end();
  },

  async fill(port, count) {
    const client = await link(port);
    await client.query(script('outbox'));
    for (const numbers of groupsOf(count, 1_000)) {
      await client.query(
        `insert into ${OUTBOX} (channel, data) select '${CHANNEL}', d::jsonb from unnest($1::text[]) d`,
        [numbers.map(bodyOf)],
      );
    }
    await client.query(`analyze ${OUTBOX}`);
    await client.end();
  },

  /** Like the bridge, it skips no row of a transaction that is still open. */
  async read({ port, count, onDone }) {
    const client = await link(port);
    let after = ['0', '0'];
    for (let done = 0; done < count; ) {
      const { rows } = await client.query(
        `select xid, id, channel, data::text, event, tags, headers from ${OUTBOX}
         where xid < pg_snapshot_xmin(pg_current_snapshot()) and (xid, id) > ($1::xid8, $2::bigint)
         order by xid, id limit ${IN_FLIGHT}`,
        after,
      );
      for (const { data } of rows) JSON.parse(data);
      const last = [rows.at(-1).xid, rows.at(-1).id];
      const range = [...after, ...last];
      await client.query(
        `delete from ${OUTBOX} where (xid, id) > ($1::xid8, $2::bigint) and (xid, id) <= ($3::xid8, $4::bigint)`,
        range,
      );
      after = last;
      done += rows.length;
      onDone(rows.length);
    }
  },

  async send({ port, count, onDone }) {
    const client = await link(port);
    for (const numbers of groupsOf(count, IN_FLIGHT)) {
      await client.query(
        `insert into ${MESSAGES} (channel, epoch, "offset", tags, headers, data)
         select '${CHANNEL}', 'bench', o, '{}'::json, h::json, d::json
         from unnest($1::bigint[], $2::text[], $3::text[]) as r(o, h, d)
         on conflict (channel, epoch, "offset") do nothing`,
        [numbers, numbers.map((n) => JSON.stringify(headersOf(n, 'ce_'))), numbers.map(bodyOf)],
      );
      onDone(numbers.length);
    }
  },
};
