import { z } from 'zod';
import { brokerUrl } from '../broker-url.ts';
import { option } from '../options/option.ts';
import { duration, MINUTE, SECOND } from '../values.ts';
import type { BridgeSystem, Environment } from './bridge-system.ts';
import { decoded, serverOf } from './server-of.ts';

const TABLE = 'must be the name of a table, perhaps with a schema. Example: "app.sluice_outbox"';
const table = z.string({ error: TABLE }).regex(/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/, TABLE);

/** Server, database, schema and table, as the client `pg` finds them. */
function outboxOf(text: string, outbox: string, env: Environment): readonly (string | null)[] {
  const url = new URL(text.trim().replace('@/', '@localhost/'));
  const parameter = (name: string) => url.searchParams.get(name) || undefined;
  const host = parameter('host') ?? (decoded(url.hostname) || env.PGHOST || 'localhost');
  const port = parameter('port') ?? (url.port || env.PGPORT || '5432');
  const user = parameter('user') ?? (decoded(url.username) || env.PGUSER || env.USER || null);
  const database = decoded(url.pathname.slice(1)) || env.PGDATABASE || user;
  const [name = '', schema = parameter('options') === undefined ? 'public' : null] = outbox.split('.').reverse();
  return [serverOf(`${host}:${port}`, '5432'), database, schema, name];
}

/** PostgreSQL. */
export const POSTGRES_SYSTEM = {
  title: 'PostgreSQL',
  connection: {
    url: option({
      schema: brokerUrl({
        of: 'a PostgreSQL',
        schemes: ['postgres', 'postgresql'],
        example: 'postgres://host:5432/database',
        isHostless: true,
        isTolerant: true,
      }),
      required: true,
      defaultText: 'required, or `urlEnv`',
      type: 'URL',
      description:
        'The database: `postgres://user:password@host:5432/database?sslmode=verify-full`. Not through a pooler that shares sessions: locks and notifications need one of their own.',
    }),
  },
  hasKeys: false,
  from: {
    table: option({
      schema: table,
      default: 'sluice_outbox',
      defaultText: '`sluice_outbox`',
      type: 'text',
      description: 'The outbox to read, which `sql/outbox.sql` of the package creates. Sent rows are deleted.',
    }),
    poll: option({
      schema: duration({ min: 50, max: MINUTE }),
      default: SECOND,
      defaultText: '`1s`',
      type: 'duration',
      description: 'How often the bridge looks without a notification.',
    }),
  },
  reader: ({ url }, { table: outbox }, env) => ({
    parts: [{ name: `the outbox "${outbox}"`, id: outboxOf(String(url), String(outbox), env) }],
    remedy: 'Create an outbox for each of them, or keep one bridge',
  }),
  to: {
    table: option({
      schema: table,
      default: 'sluice_messages',
      defaultText: '`sluice_messages`',
      type: 'text',
      description: 'The table to write, which `sql/messages.sql` of the package creates.',
    }),
  },
} satisfies BridgeSystem;
