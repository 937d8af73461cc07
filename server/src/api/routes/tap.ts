import type { Identity } from '../../auth/identity.ts';
import { Refusal } from '../../refusal.ts';
import { LONGEST_TAP, type Tap } from '../../tap/tap.ts';
import { readTapTarget, type TapTarget } from '../../tap/tap-target.ts';
import type { HttpReply } from '../../transport/http.ts';
import { errorReply } from '../errors.ts';
import { authorizeManager, EVERYTHING, type ManageServices } from '../manager.ts';
import { readNumbers } from '../query.ts';
import type { Route } from '../route.ts';

export interface TapServices extends Pick<ManageServices, 'apiKeys' | 'verifier'> {
  readonly tap: Tap;
}

const HEADERS = {
  'Content-Type': 'application/x-ndjson; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no', // otherwise nginx buffers lines
};

/**
 * `GET /api/v1/tap?user|channel&seconds&payloads`: what all nodes do for a user or on a channel, live,
 * as lines of JSON. Needs `manage` on the channel; for a user on all channels.
 */
export function tapRoute(services: TapServices): Route['handle'] {
  return async (request) => {
    const query = readQuery(request.query);
    if (query instanceof Refusal) return errorReply(query);
    const pattern = 'channel' in query.target ? query.target.channel : EVERYTHING;
    const authorized = await authorizeManager(request, services, pattern);
    return 'by' in authorized ? start(services.tap, query, authorized.by) : authorized;
  };
}

function start(tap: Tap, query: TapQuery, { name, user }: Identity): HttpReply {
  const by = name === undefined ? `user ${user}` : `API key ${name}`;
  const stream = tap.start({ ...query, by });
  return stream instanceof Refusal ? errorReply(stream) : { status: 200, headers: HEADERS, stream };
}

interface TapQuery {
  readonly target: TapTarget;
  readonly payloads: boolean;
  readonly seconds: number;
}

function readQuery(query: URLSearchParams): TapQuery | Refusal {
  const numbers = readNumbers(query, { seconds: { min: 1, max: LONGEST_TAP } }, ['user', 'channel', 'payloads']);
  if (numbers instanceof Refusal) return numbers;
  const payloads = query.get('payloads') ?? 'false';
  if (payloads !== 'true' && payloads !== 'false') {
    return new Refusal('command_invalid', '"payloads" must be true or false');
  }
  const target = readTapTarget(query.get('user'), query.get('channel'));
  if (target instanceof Refusal) return target;
  return { target, payloads: payloads === 'true', seconds: numbers.seconds ?? LONGEST_TAP };
}
