import { DAY, duration, HOUR, MINUTE, SECOND } from '../values.ts';
import { option } from './option.ts';

/** When a connection counts as dead, or must end. */
export const CONNECTIONS_OPTIONS = {
  heartbeat: option({
    schema: duration({ min: 1, max: 10 * MINUTE }),
    default: 25 * SECOND,
    defaultText: '`25s`',
    type: 'duration',
    env: ['SLUICE_HEARTBEAT'],
    flag: '--heartbeat <duration>',
    description: 'Every connection receives data, or a ping, at least once in this interval.',
  }),
  connectTimeout: option({
    schema: duration({ min: 1, max: DAY }),
    default: 5 * SECOND,
    defaultText: '`5s`',
    type: 'duration',
    env: ['SLUICE_CONNECT_TIMEOUT'],
    flag: '--connect-timeout <duration>',
    description: 'A connection that has not sent `connect` within this time is closed.',
  }),
  tokenGrace: option({
    schema: duration({ min: 0, max: HOUR }),
    default: 10 * SECOND,
    defaultText: '`10s`',
    type: 'duration',
    env: ['SLUICE_TOKEN_GRACE'],
    flag: '--token-grace <duration>',
    description: 'How long a connection with an expired token waits for a new one.',
  }),
};
