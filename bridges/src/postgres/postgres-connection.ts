import type { Duplex } from 'node:stream';
import type { BridgeOptions } from '@sluice/server/bridging';
import type { Client } from 'pg';
import { endInTime } from '../end-in-time.ts';
import { textOption } from '../options.ts';

export type PostgresClient = Pick<typeof import('pg'), 'Client'>;

/** Milliseconds for the connection, and for each query. */
const CONNECT = 10_000;
const QUERY = 20_000;

/** A connection that calls back once when it is lost. */
export class PostgresConnection {
  readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  /** Connects once: the runner connects again. */
  static async open(
    { Client }: PostgresClient,
    connection: BridgeOptions,
    lost: (error: Error) => void,
  ): Promise<PostgresConnection> {
    const client = new Client({
      ...{ connectionString: textOption(connection, 'url'), application_name: 'sluice', keepAlive: true },
      ...{ connectionTimeoutMillis: CONNECT, query_timeout: QUERY },
    });
    // Both: an error without a listener ends the process.
    client.on('error', lost);
    client.on('end', () => lost(new Error('the connection was closed')));
    await client.connect();
    return new PostgresConnection(client);
  }

  async query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.client.query(text, [...values])).rows as Row[];
  }

  /** A query that waits fails with the socket. */
  async close(): Promise<void> {
    if (await endInTime(this.client.end())) return;
    const { connection } = this.client as unknown as { readonly connection: { readonly stream: Duplex } };
    connection.stream.destroy();
  }
}

/** The name of a table in SQL, perhaps with that of a schema. */
export const quoted = (table: string): string =>
  table
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');

/** The codes for a missing table, and for a missing schema. */
const MISSING = ['42P01', '3F000'];

/** Names the remedy for a missing table. */
export function explained(
  error: unknown,
  { table, script }: { readonly table: string; readonly script: string },
): unknown {
  const { code = '' } = error as { code?: string };
  if (!MISSING.includes(code)) return error;
  return new Error(`the table "${table}" does not exist. Run ${script} of @sluice/bridges in this database`);
}
