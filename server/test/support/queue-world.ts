import type { ConfigInput } from '../../src/config/config.ts';
import { createWorld } from './world.ts';

export const WORKERS = { publish: 'users', consume: 'role:worker' } as const;
export const CHANNELS: ConfigInput['channels'] = {
  'jobs:{kind}': { allow: WORKERS, queue: { backoff: ['1s', '10s'], maxDeliveries: 3 } },
  'slow:{kind}': { allow: WORKERS, queue: { ackTimeout: '1h', backoff: [] } },
  'small:{kind}': { allow: WORKERS, queue: { maxLength: 2 } },
  'mail:{kind}': { allow: WORKERS, queue: { deadLetter: 'dead:{kind}', backoff: [], maxDeliveries: 2 } },
  'spill:{kind}': { allow: WORKERS, queue: { maxLength: 1, overflow: 'dead-letter', deadLetter: 'dead:{kind}' } },
  'wide:{kind}': { allow: WORKERS, queue: { deadLetter: 'narrow:{kind}' } },
  'narrow:{kind}': { maxPayload: 10, history: true },
  'dead:{kind}': { allow: { subscribe: 'users', history: 'users' }, history: true },
  'strict:{kind}': { allow: WORKERS, queue: { orderBy: 'all' } },
  'tagged:{kind}': { allow: WORKERS, queue: { orderBy: 'tag:customer' } },
  orders: {
    allow: { ...WORKERS, consume: 'users' },
    history: { count: 5 },
    groups: { billing: {}, audit: { ackTimeout: '1m' }, 'user-{sub}': { start: 'newest' } },
  },
  'chat:{room}': { allow: { '*': 'users', consume: 'users' }, history: true },
};

export const start = (config: ConfigInput = {}) => createWorld({ channels: CHANNELS, ...config });
