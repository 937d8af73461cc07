import { execFile, execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { BROKERS, findProgram, howToGet } from '../../../scripts/find-program.mjs';
import { BrokerServer, type Place, type User } from './broker-server.ts';
import { missing } from './programs.ts';
import { eventually } from './retry.ts';

const found = findProgram(BROKERS.postgres);

/** Why the tests with PostgreSQL are skipped; `false`: they run. */
export const noPostgres = missing(found, howToGet(BROKERS.postgres));

/** The connection string of a server of the tests. */
export const postgresUrl = ({ port }: { readonly port: number }): string =>
  `postgres://sluice@127.0.0.1:${port}/postgres`;

/** A PostgreSQL with one superuser, `sluice`, who needs no password. */
export const startPostgres = (): Promise<BrokerServer> => BrokerServer.start(commandOf);

function commandOf({ port, folder }: Place) {
  const server = found === undefined ? 'postgres' : realpathSync(found);
  const user = unprivileged();
  const data = join(folder, 'data');
  const settings = ['wal_level=logical', 'fsync=off', 'shared_buffers=16MB', 'max_connections=50'];
  return {
    ...{ command: server, user },
    args: [
      ...['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder],
      ...settings.flatMap((setting) => ['-c', setting]),
    ],
    // After a kill, its processes hold the shared memory until they notice.
    failedStarts: 100,
    prepare: async () => {
      const args = ['-D', data, '-U', 'sluice', '-A', 'trust', '--no-sync', '--locale=C', '--encoding=UTF8'];
      await promisify(execFile)(join(dirname(server), 'initdb'), args, { ...user, cwd: folder });
    },
    ready: () => eventually(() => answers(port)),
  };
}

async function answers(port: number): Promise<void> {
  const client = new Client({ connectionString: postgresUrl({ port }), connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // it is closed in any case
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => {});
  }
}

/** The server refuses to run as root. */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (kind: '-u' | '-g') => Number(execFileSync('id', [kind, 'postgres']).toString());
  return { uid: id('-u'), gid: id('-g') };
}
