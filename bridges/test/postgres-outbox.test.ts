import fc from 'fast-check';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { guideBridges, guideText } from './support/guide.ts';
import { noPostgres, postgresUrl, startPostgres } from './support/postgres-broker.ts';
import { PostgresTestClient, sqlScript } from './support/postgres-client.ts';

const HISTORY = { history: { count: 100_000, age: '7d' } } as const;
const channels = { log: { ...HISTORY, maxPayload: '1MiB' }, 'orders:{id}': HISTORY, audit: HISTORY };

describe.skipIf(noPostgres)('the outbox in PostgreSQL', () => {
  let server: BrokerServer;
  let client: PostgresTestClient;
  let postgres: { url: string };
  beforeAll(async () => {
    server = await startPostgres();
    client = new PostgresTestClient(server);
    postgres = { url: postgresUrl(server) };
    // Twice: a script may run again with each deployment.
    for (const script of ['outbox', 'outbox', 'messages', 'messages'] as const) await client.once(sqlScript(script));
  });
  beforeEach(() => client.once('truncate sluice_outbox'));
  afterAll(async () => {
    await client?.close();
    await server?.remove();
  });

  const start = (more: object = {}) =>
    startGateway({
      ...{ channels, limits: { maxFrame: '2MiB' } },
      bridges: { in: { postgres, to: { channel: '{subject}' }, ...more } },
    });
  const PUBLISH = "select sluice_publish('log', $1)";
  const publish = (on: Client | PostgresTestClient, data: unknown) =>
    on instanceof PostgresTestClient
      ? on.once(PUBLISH, [JSON.stringify(data)])
      : on.query(PUBLISH, [JSON.stringify(data)]);

  it('is read and the table is written as the guide says', async () => {
    const [orders, audit] = guideBridges('postgres');
    const gateway = await startGateway({
      ...{ channels, limits: { maxFrame: '2MiB' } },
      bridges: { orders: { ...orders, postgres }, audit: { ...audit, postgres } },
    });
    await client.once(`begin;
      select sluice_publish('orders:42', '{"total": 99}', event => 'created', tags => '{"region": "eu"}');
      commit`);
    await expect
      .poll(() => gateway.messages('orders:42'))
      .toMatchObject([{ data: { total: 99 }, event: 'created', tags: { region: 'eu' } }]);
    await gateway.publish('audit', { by: 'anna\0' }, { event: 'signed-in\0' });
    const stored = () => client.once('select channel, "offset", event, data, headers from sluice_messages');
    await expect
      .poll(stored)
      .toMatchObject([
        { channel: 'audit', offset: '1', event: 'signed-in', data: { by: 'anna\0' }, headers: { ce_subject: 'audit' } },
      ]);
  });

  it('has what is written into the outbox of Centrifugo, with the trigger of the guide', async () => {
    await client.once(`create table centrifugo_outbox (id bigserial primary key, method text not null,
      payload jsonb not null, "partition" integer not null default 0, created_at timestamptz not null default now())`);
    const [, trigger = ''] =
      /```sql\n(create or replace function centrifugo_to_sluice.*?)```/s.exec(guideText('../bridges')) ?? [];
    await client.once(trigger);
    const gateway = await start({ to: { data: 'centrifugo' } });
    await client.once(`insert into centrifugo_outbox (method, payload)
      values ('publish', '{"channel": "log", "data": {"n": 1}, "tags": {"region": "eu"}}')`);
    await expect.poll(() => gateway.messages('log')).toMatchObject([{ data: { n: 1 }, tags: { region: 'eu' } }]);
    expect(await client.once('select id from centrifugo_outbox')).toEqual([]);
  });

  it('shows a message after COMMIT and never before, and none of a transaction that was rolled back', async () => {
    const gateway = await start();
    const [earlier, transaction, rolledBack] = [await client.connect(), await client.connect(), await client.connect()];
    await earlier.query('begin');
    await publish(earlier, 'earlier');
    await transaction.query('begin');
    await publish(transaction, 'transaction');
    await rolledBack.query('begin');
    await publish(rolledBack, 'rolled back');
    await earlier.query('commit');
    // The bridge has looked after the insert, and has found what was committed.
    await expect.poll(() => gateway.data('log')).toEqual(['earlier']);
    await rolledBack.query('rollback');
    await transaction.query('commit');
    await publish(client, 'later');
    await expect.poll(() => gateway.data('log')).toEqual(['earlier', 'transaction', 'later']);
  });

  it('does not skip a row whose transaction commits after that of a later row', async () => {
    const gateway = await start();
    await publish(client, 0);
    await expect.poll(() => gateway.data('log')).toEqual([0]);
    const slow = await client.connect();
    await slow.query('begin');
    await publish(slow, 1);
    await publish(client, 2); // visible now, with a larger id
    await slow.query('commit');
    await expect.poll(() => gateway.data('log')).toEqual([0, 1, 2]);
  });

  type Step = { readonly on: number; readonly end: 'none' | 'commit' | 'rollback' };
  const step: fc.Arbitrary<Step> = fc.record({
    on: fc.nat({ max: 3 }),
    end: fc.constantFrom('none', 'none', 'none', 'commit', 'commit', 'rollback'),
  });

  it('publishes what was committed once, in the order of transactions, however they overlap', async () => {
    const connections = await Promise.all([0, 1, 2, 3].map(() => client.connect()));
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const gateway = await start({ from: { poll: '50ms' } });
        const id = ++round;
        const open = new Map<number, { xid: bigint; values: number[] }>();
        const committed: { xid: bigint; values: number[] }[] = [];
        const finish = async (on: number, end: 'commit' | 'rollback') => {
          await connections[on]?.query(end);
          const transaction = open.get(on);
          if (end === 'commit' && transaction !== undefined) committed.push(transaction);
          open.delete(on);
        };
        for (const [value, { on, end }] of steps.entries()) {
          const connection = connections[on] as Client;
          if (!open.has(on)) {
            await connection.query('begin');
            const { rows } = await connection.query('select pg_current_xact_id()::text as xid');
            open.set(on, { xid: BigInt(rows[0].xid), values: [] });
          }
          await publish(connection, { id, value });
          open.get(on)?.values.push(value);
          if (end !== 'none') await finish(on, end);
        }
        for (const on of [...open.keys()]) await finish(on, 'commit');
        await publish(client, { id, value: 'end' });
        const sorted = committed.sort((a, b) => (a.xid < b.xid ? -1 : 1)).flatMap(({ values }) => values);
        await expect.poll(async () => (await gateway.data('log')).at(-1)).toEqual({ id, value: 'end' });
        expect(await gateway.data('log')).toEqual([...sorted, 'end'].map((value) => ({ id, value })));
        await gateway.close();
      }),
      { numRuns: 15 },
    );
  });

  it('is read by one gateway at a time, and at once by another one when that ends', async () => {
    const first = await start();
    await publish(client, 1);
    await expect.poll(() => first.data('log')).toEqual([1]);
    const second = await start();
    await expect.poll(async () => (await second.bridge('in')).error).toContain('another gateway reads the outbox');
    await publish(client, 2);
    await expect.poll(() => first.data('log')).toEqual([1, 2]);
    await first.close();
    await publish(client, 3);
    await expect.poll(() => second.data('log')).toEqual([3]);
  });

  it('needs few rights, and names the script if it is missing', async () => {
    await client.once(`create role reader login; grant select, delete on sluice_outbox to reader;
      grant usage on schema public to reader`);
    const url = postgres.url.replace('sluice@', 'reader@');
    const gateway = await start({ postgres: { url } });
    await publish(client, 'for a reader');
    await expect.poll(() => gateway.data('log')).toEqual(['for a reader']);
    const lost = await start({ from: { table: 'app.missing' } });
    await expect.poll(async () => (await lost.bridge('in')).error).toMatch(/"app\.missing".*sql\/outbox\.sql/);
  });

  it('has rows that are larger than one read, and numbers that JavaScript does not have', async () => {
    const gateway = await start({ to: { channel: '{subject}', data: 'text' } });
    const large = 'x'.repeat(900_000);
    await client.once('begin');
    for (let n = 1; n <= 12; n++) await publish(client, `${n} ${large}`);
    await client.once(`select sluice_publish('log', '12345678901234567890')`);
    await client.once('commit');
    await expect.poll(async () => (await gateway.data('log')).at(-1)).toBe('12345678901234567890');
    const starts = (await gateway.data('log')).map((text) => String(text).slice(0, 3).replaceAll('"', '').trim());
    expect(starts).toEqual([...Array.from({ length: 12 }, (_, at) => `${at + 1}`), '123']);
  });

  describe('made by the script with other names', () => {
    const named = (replacements: Readonly<Record<string, string>>) =>
      Object.entries(replacements).reduce((text, [name, other]) => text.replaceAll(name, other), sqlScript('outbox'));
    const count = async (table: string) => (await client.once<{ n: string }>(`select count(*) n from ${table}`))[0]?.n;

    it('does not take the messages of the first one', async () => {
      await expect(client.once(named({ sluice_outbox: 'billing_outbox' }))).rejects.toThrow(
        'the function sluice_publish belongs to another outbox than billing_outbox',
      );
      await client.once("select sluice_publish('log', '1')");
      expect(await count('sluice_outbox')).toBe('1');
    });

    it('has a function of its own', async () => {
      const script = named({ sluice_outbox: 'billing_outbox', sluice_publish: 'billing_publish' });
      await client.once(script);
      await client.once(script);
      await client.once("select sluice_publish('log', '1')");
      await client.once("select billing_publish('log', '2'), billing_publish('log', '3')");
      expect([await count('sluice_outbox'), await count('billing_outbox')]).toEqual(['1', '2']);
    });
  });
});
