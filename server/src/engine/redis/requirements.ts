/** Sharded pub/sub came with it; without a cluster 6.2 has all that is needed. */
const OLDEST = { server: [6, 2], cluster: [7, 0] } as const;

/** The parts of a server's description that the requirements use. */
export interface ServerInfo {
  readonly version: string;
  readonly policy: string;
}

/** Reads the answer of `INFO`. */
export function readInfo(text: string): ServerInfo {
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  return { version: field('redis_version'), policy: field('maxmemory_policy') };
}

/**
 * Is the server new enough?
 *
 * @throws Error that says what to do
 */
export function requireVersion({ version }: ServerInfo, { label, cluster }: { label: string; cluster: boolean }): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = cluster ? OLDEST.cluster : OLDEST.server;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  const wanted = `${wantedMajor}.${wantedMinor}`;
  throw new Error(
    `Redis at ${label} is version ${version}; the engine needs ${wanted} or newer: upgrade it, or use Valkey`,
  );
}

/** What an operator should change, if anything: a server that evicts data breaks histories and the order of offsets. */
export function adviceFor({ policy }: ServerInfo, label: string): string | undefined {
  if (policy === '' || policy === 'noeviction') return undefined;
  return `Redis at ${label} evicts keys when its memory is full (maxmemory-policy ${policy}): channels would lose their history and begin anew. Set maxmemory-policy to noeviction.`;
}
