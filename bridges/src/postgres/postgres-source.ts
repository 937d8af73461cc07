import type { InboundBridge } from '@sluice/server/bridging';
import { numberOption, textOption } from '../options.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import { type OutboxPlace, type OutboxRow, recordOf, rowOf } from './outbox-row.ts';
import { explained, type PostgresClient, PostgresConnection, quoted } from './postgres-connection.ts';

/** Bytes of the data that one read may bring; one row may have more. */
const LARGEST = 4_194_304;
/** The first number of advisory locks of outboxes; the second is a hash of the table. */
const LOCKS = 0x51_0c;

/**
 * Rows behind which no transaction is open, in the order of their transactions. With `id > …` alone,
 * the row of a transaction that commits later would be skipped.
 */
const readFrom = (table: string): string => `
select xid, id, channel, data, event, tags, headers
from (
  select *, sum(octet_length(data)) over (order by xid, id) - octet_length(data) as before
  from (
    select xid, id, channel, data::text, event, tags::text, headers::text from ${table}
    where xid < pg_snapshot_xmin(pg_current_snapshot()) and (xid, id) > ($1::xid8, $2::bigint)
    order by xid, id limit $3
  ) as found
) as counted
where before < ${LARGEST} order by xid, id`;

/** Reads an outbox: rows that transactions have inserted, which are deleted once they are in the log. */
export class PostgresSource implements Source {
  readonly #client: PostgresClient;
  readonly #config: InboundBridge;

  constructor(client: PostgresClient, config: InboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSource> {
    const { connection, from } = this.#config;
    const table = textOption(from, 'table');
    const wake = new Wake();
    const opened = await PostgresConnection.open(this.#client, connection, (error) => wake.fail(error));
    try {
      const place = await takeOver(opened, table);
      opened.client.on('notification', () => wake.ring());
      await opened.query(`listen ${quoted(nameOf(table))}`);
      return new OpenPostgresSource(opened, { place, wake, poll: numberOption(from, 'poll') });
    } catch (error) {
      await opened.close();
      throw explained(error, { table, script: 'sql/outbox.sql' });
    }
  }
}

/** Becomes the only reader of the outbox, until the connection ends. */
async function takeOver(connection: PostgresConnection, table: string): Promise<OutboxPlace> {
  const [found] = await connection.query<{ readonly server: string; readonly name: string; readonly free: boolean }>(
    `select system_identifier || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8) as server,
       n.nspname || '.' || c.relname as name, pg_try_advisory_lock(${LOCKS}, hashtext(c.oid::text)) as free
     from pg_control_system(), pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = $1::regclass`,
    [quoted(table)],
  );
  if (found?.free !== true) throw new Error(`another gateway reads the outbox "${table}"`);
  return { table, partition: `${found.server} ${found.name}` };
}

const nameOf = (table: string): string => table.split('.').at(-1) ?? table;

/** Something to wait for: a notification, a time, or the end of the connection. */
class Wake {
  #isRung = false;
  #failure: { readonly error: Error } | undefined;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Notifications up to now are about rows that the next statement finds. */
  clear(): void {
    this.#isRung = false;
  }

  async wait(delay: number): Promise<void> {
    if (this.#isRung || this.#failure !== undefined) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, delay);
    });
    clearTimeout(timer);
  }
}

interface OpenPostgresSourceParts {
  readonly place: OutboxPlace;
  readonly wake: Wake;
  /** Milliseconds between two looks without a notification. */
  readonly poll: number;
}

class OpenPostgresSource implements OpenSource {
  readonly #connection: PostgresConnection;
  readonly #parts: OpenPostgresSourceParts;
  readonly #table: string;
  /** Behind which row to read, and to delete. */
  #after: readonly [xid: string, id: string] = ['0', '0'];
  #deleted: readonly [xid: string, id: string] = ['0', '0'];
  /** On its way while the rows before it are published. */
  #next: Promise<readonly OutboxRow[]> | undefined;

  constructor(connection: PostgresConnection, parts: OpenPostgresSourceParts) {
    this.#connection = connection;
    this.#parts = parts;
    this.#table = quoted(parts.place.table);
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const { place, wake, poll } = this.#parts;
    wake.check();
    const rows = await (this.#next ?? this.#select(most));
    this.#next = undefined;
    const last = rows.at(-1);
    if (last === undefined) {
      // Also without a notification: the end of another transaction may let rows appear.
      await wake.wait(poll);
      wake.check();
      return [];
    }
    this.#after = [last.xid, last.id];
    if (rows.length === most) this.#readAhead(most);
    return rows.map((row) => recordOf(row, place));
  }

  #readAhead(most: number): void {
    this.#next = this.#select(most);
    this.#next.catch(() => {}); // the next `read` reports it
  }

  #select(most: number): Promise<readonly OutboxRow[]> {
    this.#parts.wake.clear();
    return this.#connection.query<OutboxRow>(readFrom(this.#table), [...this.#after, most]);
  }

  /** No row can appear among those that were read, because no transaction before them is open. */
  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const once = records.at(-1)?.once;
    if (once === undefined || 'id' in once) return;
    const last = rowOf(once.position);
    await this.#connection.query(
      `delete from ${this.#table}
       where (xid, id) > ($1::xid8, $2::bigint) and (xid, id) <= ($3::xid8, $4::bigint)`,
      [...this.#deleted, ...last],
    );
    this.#deleted = last;
  }

  async close(): Promise<void> {
    this.#parts.wake.fail(new Error('the source was closed'));
    await this.#connection.close();
  }
}
