import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { postgresUrl } from './postgres-broker.ts';
import { eventually } from './retry.ts';

/** A script of the package. */
export const sqlScript = (name: 'outbox' | 'messages'): string =>
  readFileSync(new URL(`../../sql/${name}.sql`, import.meta.url), 'utf8');

/** A client that connects again after a restart of the server. */
export class PostgresTestClient {
  readonly #url: string;
  readonly #open = new Set<Client>();
  #shared: Client | undefined;

  constructor(server: { readonly port: number }) {
    this.#url = postgresUrl(server);
  }

  /** A connection of its own, for transactions. */
  async connect(): Promise<Client> {
    const client = new Client(this.#url);
    client.on('error', () => this.#forget(client));
    client.on('end', () => this.#forget(client));
    this.#open.add(client);
    await client.connect();
    return client;
  }

  #forget(client: Client): void {
    this.#open.delete(client);
    if (this.#shared === client) this.#shared = undefined;
  }

  /** Runs a statement until it succeeds. */
  run<Row>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return eventually(() => this.once<Row>(sql, values));
  }

  /** Runs a statement, or several without values. */
  async once<Row>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    this.#shared ??= await this.connect();
    const query = values.length === 0 ? this.#shared.query(sql) : this.#shared.query(sql, [...values]);
    return (await query).rows as Row[];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((client) => client.end().catch(() => {})));
  }
}
