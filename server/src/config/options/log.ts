import { oneOf, whole } from '../values.ts';
import { option } from './option.ts';

/** From the least to the most important. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** The log's level and format. */
export const LOG_OPTIONS = {
  level: option({
    schema: oneOf(LOG_LEVELS),
    default: 'info',
    defaultText: '`info`',
    type: LOG_LEVELS.join(', '),
    env: ['SLUICE_LOG_LEVEL'],
    flag: '--log-level <level>',
    description: 'The lowest level that is logged.',
  }),
  format: option({
    schema: oneOf(['json', 'pretty']),
    defaultText: '`json`; `pretty` in development on a terminal',
    type: 'json, pretty',
    env: ['SLUICE_LOG_FORMAT'],
    flag: '--log-format <format>',
    description: 'The format of lines.',
  }),
  decisions: option({
    schema: whole({ min: 0, max: 1_000_000 }),
    default: 10_000,
    defaultText: '`10000`',
    type: 'number',
    env: ['SLUICE_LOG_DECISIONS'],
    description:
      'How many decisions about connections (subscribed, denied, gap, closed…) a node keeps in memory to explain [what became of a message](console.md#why-was-a-message-not-delivered); 0 keeps none. About 0.5 KiB each.',
  }),
};
