import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { duration, HOUR, SECOND, text, whole } from '../values.ts';
import { option } from './option.ts';

/** A larger number is a typing error: no machine has more cores. */
const MOST_WORKERS = 512;

/** Number of processes: a number, or one per core. */
const workers = z
  .custom<number | 'auto'>()
  .transform((value) => (value === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : value))
  .pipe(whole({ min: 1, max: MOST_WORKERS }));

/** The gateway as a node of a cluster: its name, its processes, and its drain. */
export const NODES_OPTIONS = {
  drain: option({
    schema: duration({ min: 0, max: HOUR }),
    default: 10 * SECOND,
    defaultText: '`10s`',
    type: 'duration',
    env: ['SLUICE_DRAIN'],
    flag: '--drain <duration>',
    description: 'On SIGTERM, reconnects are spread over at most this time.',
  }),
  drainPace: option({
    schema: whole({ min: 1, max: 1_000_000 }),
    default: 500,
    defaultText: '`500`',
    type: 'number',
    env: ['SLUICE_DRAIN_PACE'],
    flag: '--drain-pace <n>',
    description: 'Connections per second that a drain closes; more only if `drain` is too short otherwise.',
  }),
  node: option({
    schema: text("a node's name"),
    defaultText: 'a random name',
    type: 'string',
    env: ['SLUICE_NODE'],
    flag: '--node <name>',
    description: "This gateway's name in `/health/ready`, and to drain it over the HTTP API.",
  }),
  workers: option({
    schema: workers,
    default: 1,
    defaultText: '`1`',
    type: 'number, or `auto`',
    env: ['SLUICE_WORKERS'],
    flag: '--workers <number>',
    kind: 'number',
    description:
      'Processes that share the port; `auto`: one for each core. Each is a node, `name/1`, `name/2`… Only on Linux. See docs/workers.md.',
  }),
};
