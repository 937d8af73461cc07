import { LOG_LEVELS } from '../config.ts';
import { oneOf } from '../values.ts';
import type { Option } from './option.ts';

/** What is logged, and how. */
export const LOG_OPTIONS: readonly Option[] = [
  {
    path: 'log.level',
    schema: oneOf(LOG_LEVELS),
    default: 'info',
    defaultText: '`info`',
    type: LOG_LEVELS.join(', '),
    env: ['SLUICE_LOG_LEVEL'],
    flag: '--log-level <level>',
    description: 'The least important lines to log.',
  },
  {
    path: 'log.format',
    schema: oneOf(['json', 'pretty']),
    defaultText: '`json`; `pretty` in development on a terminal',
    type: 'json, pretty',
    env: ['SLUICE_LOG_FORMAT'],
    flag: '--log-format <format>',
    description: 'How lines are logged.',
  },
];
