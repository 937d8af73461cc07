import { MIB, oneOf, size, text } from '../values.ts';
import { option } from './option.ts';

/** Names of the engines. */
export const ENGINES = ['memory', 'durable', 'redis'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Where messages are stored. */
export const ENGINE_OPTIONS = {
  engine: option({
    schema: oneOf(ENGINES),
    default: 'memory',
    defaultText: '`memory`',
    type: ENGINES.join(', '),
    env: ['SLUICE_ENGINE'],
    flag: '--engine <name>',
    description:
      'Where messages are stored: in this process, on its disk (docs/engines/durable.md), or in a Redis that many gateways share (docs/engines/redis.md).',
  }),
};

/** The disk of the engine `durable`. */
export const DURABLE_OPTIONS = {
  data: option({
    schema: text('the path of a folder'),
    defaultText: 'none; the durable engine needs one',
    type: 'path',
    env: ['SLUICE_DURABLE_DATA'],
    flag: '--data <folder>',
    description: 'Folder of the durable engine, used by one gateway at a time. In a file, relative to that file.',
  }),
  maxSize: option({
    schema: size({ min: MIB, max: 2 ** 20 * MIB }),
    defaultText: 'the size of the disk',
    type: 'size',
    env: ['SLUICE_DURABLE_MAX_SIZE'],
    flag: '--data-max-size <size>',
    description: 'Maximum bytes on disk of the durable engine; beyond it, publishes are refused with `storage_full`.',
  }),
};
