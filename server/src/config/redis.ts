import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config, RedisConfig } from './config.ts';
import type { Problems } from './problems.ts';

const NO_REDIS = [
  'there is none, and the engine "redis" needs one — do one of these:',
  '      in the file:         redis: { url: redis://localhost:6379 }   (or urls, or sentinels and name)',
  '      in the environment:  SLUICE_REDIS=redis://localhost:6379',
  '      on the command line: --redis redis://localhost:6379',
].join('\n');

/** How to speak with the sentinels themselves. */
const SENTINELS_OWN = ['sentinelUsername', 'sentinelPassword', 'sentinelTls'];

type Read = (path: string) => unknown;

/** What the engine `redis` needs, from the block of that name; nothing for another engine. */
export function readRedis(
  read: Read,
  { block, directory, problems }: { block: unknown; directory: string; problems: Problems },
): Pick<Config, 'redis'> {
  if (read('engine') !== 'redis') return {};
  const url = read('redis.url') as string | undefined;
  const urls = (read('redis.urls') as readonly string[] | undefined) ?? (url === undefined ? [] : [url]);
  const sentinels = read('redis.sentinels') as readonly string[];
  checkWay({ read, block: (block ?? {}) as Way['block'], urls, sentinels, problems });
  const redis: RedisConfig = {
    urls,
    cluster: read('redis.cluster') as boolean,
    sentinels,
    ...given(read, 'name'),
    ...given(read, 'username'),
    ...given(read, 'password'),
    ...given(read, 'sentinelUsername'),
    ...given(read, 'sentinelPassword'),
    sentinelTls: read('redis.sentinelTls') as boolean,
    ...readCertificates(read('redis.ca'), directory, problems),
    tls: read('redis.tls') as boolean,
    prefix: read('redis.prefix') as string,
    timeout: read('redis.timeout') as number,
    lease: read('redis.lease') as number,
  };
  return { redis };
}

type Given = 'name' | 'username' | 'password' | 'sentinelUsername' | 'sentinelPassword';

function given(read: Read, name: Given): Partial<RedisConfig> {
  const value = read(`redis.${name}`) as string | undefined;
  return value === undefined ? {} : { [name]: value };
}

interface Way {
  readonly read: Read;
  /** As it was written. */
  readonly block: Readonly<Record<string, unknown>>;
  readonly urls: readonly string[];
  readonly sentinels: readonly string[];
  readonly problems: Problems;
}

/** There is one way, and not two. */
function checkWay({ read, block, urls, sentinels, problems }: Way): void {
  const count = ['url', 'urls', 'sentinels'].filter((name) => block[name] != null).length;
  if (count === 0) problems.add(['redis', 'url'], NO_REDIS);
  if (count > 1) problems.add(['redis'], 'says more than one way to Redis — keep one of url, urls and sentinels');
  if (new Set(urls).size < urls.length) problems.add(['redis', 'urls'], 'names a Redis twice — name each once');
  if (sentinels.length > 0 && read('redis.name') === undefined) {
    problems.add(
      ['redis', 'name'],
      'is needed with sentinels — the name that they know the master by, often "mymaster"',
    );
  }
  if (sentinels.length === 0) {
    for (const name of SENTINELS_OWN.filter((option) => block[option] != null)) {
      problems.add(['redis', name], 'is for sentinels, and there are none — name them in sentinels, or remove it');
    }
  }
  if (sentinels.length > 0 && read('redis.cluster') === true) {
    problems.add(['redis', 'cluster'], 'does not go with sentinels — a cluster chooses its masters itself');
  }
}

function readCertificates(path: unknown, directory: string, problems: Problems): Pick<RedisConfig, 'ca'> {
  if (typeof path !== 'string') return {};
  const full = resolve(directory, path);
  try {
    return { ca: readFileSync(full, 'utf8') };
  } catch {
    problems.add(['redis', 'ca'], `cannot be read: ${full} — correct the path, or the rights of the file`);
    return {};
  }
}
