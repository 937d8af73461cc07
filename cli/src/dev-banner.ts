import { matchPattern, type Pattern } from '@sluice/protocol';
import type { Config, Grant } from '@sluice/server/cli-support';
import { interfaceAddresses, isLoopback } from '@sluice/server/cli-support';
import { DEFAULT_URL } from './gateway-url.ts';

export interface BannerOptions {
  /** Addresses of this machine. Default: those of its network interfaces. */
  readonly addresses?: readonly string[];
}

/** The first information for someone who tries Sluice out: every command works as printed. */
export function devBanner(
  url: string,
  config: Config,
  { addresses = interfaceAddresses() }: BannerOptions = {},
): string {
  const tokens = config.devSecret !== undefined;
  const channel = exampleChannel(config);
  const at = url === DEFAULT_URL ? '' : ` --url ${url}`;
  const curl = `curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{"channel":"${channel}","data":{"text":"Hello"}}' ${url}/api/v1/publish`;
  return [
    '',
    `  Sluice is listening on ${url} (development: not for production)`,
    '',
    ...(config.static === undefined ? [] : [`  demo        ${url}/`]),
    `  connect     ${url.replace(/^http/, 'ws')}${config.path}`,
    ...networkLines(url, config, addresses),
    ...(tokens ? [`  token       curl "${url}/dev/token?sub=ada"`] : []),
    `  subscribe   npx sluice subscribe ${channel}${at}`,
    `  publish     npx sluice publish ${channel} '{"text":"Hello"}'${at}`,
    `  or          ${config.devApiKey === undefined ? curl : `KEY=${config.devApiKey}; ${curl}`}`,
    '',
  ].join('\n');
}

/** Other devices reach the gateway at these addresses. */
function networkLines(url: string, { host }: Config, addresses: readonly string[]): string[] {
  if (isLoopback(host) || host === '::1') return [];
  const { port } = new URL(url);
  const reached = host === '0.0.0.0' || host === '::' ? addresses : [host];
  return reached
    .filter((address) => /^\d+(\.\d+){3}$/.test(address) && !isLoopback(address))
    .map((address) => `  network     http://${address}:${port}/ (anyone in this network can get a token)`);
}

/** A channel that every user may subscribe to, or else the first configured one. Nobody subscribes to a queue. */
function exampleChannel({ channels }: Config): string {
  const usual = 'chat:lobby';
  const known = channels.find(({ pattern }) => matchPattern(pattern, usual) !== null);
  if (known?.queue === null) return usual;
  const subscribable = channels.filter(({ queue }) => queue === null);
  const open = subscribable.find(({ allow }) => allow.subscribe?.some(isForUsers));
  const pattern = (open ?? subscribable[0] ?? channels[0])?.pattern;
  return pattern === undefined ? usual : nameOf(pattern);
}

const isForUsers = ({ kind }: Grant): boolean => kind === 'users' || kind === 'anyone';

const nameOf = ({ segments }: Pattern): string =>
  segments.map((segment) => (segment.kind === 'literal' ? segment.text : 'lobby')).join(':');
