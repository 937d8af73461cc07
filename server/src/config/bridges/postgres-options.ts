import { z } from 'zod';
import { option } from '../options/option.ts';
import { duration, MINUTE, SECOND } from '../values.ts';
import { type BridgeSystem, serversOf } from './bridge-system.ts';
import { brokerUrl } from './broker-url.ts';

const TABLE = 'must be the name of a table, perhaps with a schema. Example: "app.sluice_outbox"';
const table = z.string({ error: TABLE }).regex(/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/, TABLE);

/** PostgreSQL. */
export const POSTGRES_SYSTEM = {
  title: 'PostgreSQL',
  connection: {
    url: option({
      schema: brokerUrl({
        of: 'a PostgreSQL',
        schemes: ['postgres', 'postgresql'],
        example: 'postgres://host:5432/database',
      }),
      required: true,
      defaultText: 'required, or `urlEnv`',
      type: 'URL',
      description:
        'The database: `postgres://user:password@host:5432/database?sslmode=verify-full`. Not through a pooler that shares sessions: locks and notifications need one of their own.',
    }),
  },
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
  reader: (connection, { table: outbox }) => ({
    servers: serversOf(connection),
    parts: [`the outbox "${outbox}"`],
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
