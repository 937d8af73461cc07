import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config, RedisConfig } from './config.ts';
import type { Settings } from './options.ts';
import { isPlain, type Problems } from './problems.ts';

const NO_REDIS = [
  'there is none, and the engine "redis" needs one. Do one of these:',
  '      in the file:         redis: { url: redis://localhost:6379 }   (or urls, or sentinels and name)',
  '      in the environment:  SLUICE_REDIS=redis://localhost:6379',
  '      on the command line: --redis redis://localhost:6379',
].join('\n');

/** How to connect to the sentinels. */
const SENTINELS_OWN = ['sentinelUsername', 'sentinelPassword', 'sentinelTls'];

/** The options that name a Redis. Exactly one of them is set. */
const WAYS = ['url', 'urls', 'sentinels'];

interface Around {
  /** The input of the configuration. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly directory: string;
  readonly problems: Problems;
}

/** The settings of the engine `redis`; `undefined` for another engine. */
export function readRedis({ engine, redis }: Settings, around: Around): Pick<Config, 'redis'> {
  if (engine !== 'redis') return {};
  const { url, urls = url === undefined ? [] : [url], ca, ...rest } = redis;
  const found = { ...rest, urls, ...readCertificates(ca, around) };
  const block = isPlain(around.written.redis) ? around.written.redis : {};
  const isWritten = (name: string) => block[name] != null;
  checkWay(WAYS.filter(isWritten).length, found, around.problems);
  if (found.sentinels.length > 0) checkSentinels(found, around.problems);
  else forbidSentinels(SENTINELS_OWN.filter(isWritten), around.problems);
  return { redis: found };
}

function checkWay(count: number, { urls }: RedisConfig, problems: Problems): void {
  if (count === 0) problems.add(['redis', 'url'], NO_REDIS);
  if (count > 1) problems.add(['redis'], 'has more than one way to reach Redis. Keep one of url, urls and sentinels');
  if (new Set(urls).size < urls.length) problems.add(['redis', 'urls'], 'names a Redis twice. Remove the duplicate');
}

function checkSentinels({ name, cluster }: RedisConfig, problems: Problems): void {
  if (name === undefined) {
    problems.add(
      ['redis', 'name'],
      'is needed with sentinels. Write the name by which they know the master, often "mymaster"',
    );
  }
  if (cluster) {
    problems.add(
      ['redis', 'cluster'],
      'cannot be combined with sentinels. Remove one of them: a cluster chooses its masters itself',
    );
  }
}

function forbidSentinels(names: readonly string[], problems: Problems): void {
  for (const name of names) {
    problems.add(
      ['redis', name],
      'is only for sentinels, and none are configured. Name them in sentinels, or remove it',
    );
  }
}

function readCertificates(path: string | undefined, { directory, problems }: Around): Pick<RedisConfig, 'ca'> {
  if (path === undefined) return {};
  const full = resolve(directory, path);
  try {
    return { ca: readFileSync(full, 'utf8') };
  } catch {
    problems.add(['redis', 'ca'], `cannot be read: ${full}. Correct the path, or the permissions of the file`);
    return {};
  }
}
