import type { Base } from '@platformatic/kafka';
import type { KafkaClient } from './kafka-connection.ts';

/** What Kafka says about a partition without a leader: LEADER_NOT_AVAILABLE and LISTENER_NOT_FOUND. */
const LEADERLESS: ReadonlySet<unknown> = new Set([5, 72]);
const OF_PARTITION = /^\/topics\/\d+\/partitions\/\d+$/;

type Callback = (error: unknown, found?: unknown) => void;
type Api = (...parameters: unknown[]) => unknown;

/**
 * Lets a client know the other partitions of a topic while one has no leader. By itself it takes the
 * whole answer for an error then.
 */
export function tolerateLeaderless<T extends Base>(client: KafkaClient, base: T): T {
  const getApi = base[client.kGetApi].bind(base) as (name: string, callback: Callback) => void;
  const tolerant = (name: string, callback: Callback) =>
    getApi(name, (error, api) => callback(error, name === 'Metadata' && api ? tolerantApi(api as Api) : api));
  return Object.assign(base, { [client.kGetApi]: tolerant });
}

/** The last parameter of an API is its callback. */
const tolerantApi =
  (api: Api): Api =>
  (...parameters) => {
    const callback = parameters.pop() as Callback;
    const answer: Callback = (error, response) => {
      const found = isLeaderless(error) ? error.response : undefined;
      if (found === undefined) callback(error, response);
      else callback(null, found);
    };
    return api(...parameters, answer);
  };

function isLeaderless(error: unknown): error is { readonly response: unknown } {
  const { errors } = (error ?? {}) as { errors?: readonly { readonly apiCode?: unknown; readonly path?: unknown }[] };
  if (!Array.isArray(errors) || errors.length === 0) return false;
  return errors.every(({ apiCode, path }) => LEADERLESS.has(apiCode) && OF_PARTITION.test(String(path)));
}
