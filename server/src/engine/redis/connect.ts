import type * as Client from 'ioredis';
import { requireOptional } from '../../util/optional-package.ts';
import type { SlotMap } from './cluster-feed.ts';
import { type Endpoint, labelOf, type RedisOptions, readEndpoint } from './redis-options.ts';

type ConnectionOptions = Omit<Client.RedisOptions, 'replyMapping'>;

// An optional package, so it is loaded by the first engine that needs it.
let loaded: typeof Client | undefined;

function client(): typeof Client {
  loaded ??= requireOptional<typeof Client>('The redis engine', 'ioredis');
  return loaded;
}

/** Milliseconds between two looks at the map of a cluster, though nothing seems to have moved. */
const SLOTS_REFRESH = 30_000;
/** Milliseconds between two attempts to connect, at most. */
const LONGEST_WAIT = 2_000;

/** Backoff that grows with each failure, with jitter. */
export function backoff(attempt: number): number {
  return Math.min(LONGEST_WAIT, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
}

/**
 * No command waits in a queue for a reconnect, and none is sent twice: a command that cannot be
 * executed now is refused now, and the caller decides.
 */
function common({ timeout }: RedisOptions): ConnectionOptions {
  return {
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeout,
    // A server that owes an answer and is silent is disconnected, so that waiting operations stay bounded.
    socketTimeout: timeout,
    disableClientInfo: true,
    // After a failover an old master answers READONLY: a reconnect finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function login(options: RedisOptions, endpoint?: Endpoint): ConnectionOptions {
  const username = endpoint?.username ?? options.username;
  const password = endpoint?.password ?? options.password;
  return {
    ...(username === undefined ? undefined : { username }),
    ...(password === undefined ? undefined : { password }),
    ...((endpoint?.tls ?? options.tls) ? { tls: trust(options) } : undefined),
  };
}

/** Whose certificates are trusted. */
function trust({ ca }: RedisOptions): { ca?: string } {
  return ca === undefined ? {} : { ca };
}

function sentinelLogin(options: RedisOptions): ConnectionOptions {
  const { sentinelUsername, sentinelPassword, sentinelTls } = options;
  return {
    ...(sentinelUsername === undefined ? undefined : { sentinelUsername }),
    ...(sentinelPassword === undefined ? undefined : { sentinelPassword }),
    ...(sentinelTls ? { sentinelTLS: trust(options) } : undefined),
  };
}

/** What one place is called, and how connections to it are made. */
export interface RedisAddress {
  /** For people: without user and password. */
  readonly label: string;
  connect(): Client.Redis;
}

function serverAt(options: RedisOptions, endpoint: Endpoint): RedisAddress {
  const { host, port, db } = endpoint;
  return {
    label: labelOf(endpoint),
    connect: () =>
      new (client().Redis)({ ...common(options), ...login(options, endpoint), host, port, db, retryStrategy: backoff }),
  };
}

/** What of the library's connector is not in its types. */
interface Connector {
  connectToSentinel(...given: readonly unknown[]): Client.Redis;
  readonly failoverDetector: { cleanup(): void } | null;
}

/** Asks sentinels who the master is. */
function sentinelConnector() {
  return class extends client().SentinelConnector {
    readonly #inner = this as unknown as Connector;

    constructor(options: unknown) {
      super(options as Client.SentinelConnectionOptions);
      // An unreachable node is expected: without a listener its error would be printed on each attempt.
      const open = this.#inner.connectToSentinel.bind(this);
      this.#inner.connectToSentinel = (...given) => open(...given).on('error', () => {});
    }

    override connect(...given: Parameters<Client.SentinelConnector['connect']>) {
      // A listener for the failover of the previous connection would end this attempt.
      this.#inner.failoverDetector?.cleanup();
      return super.connect(...given);
    }
  };
}

function masterOf(options: RedisOptions, name: string): RedisAddress {
  const sentinels = options.sentinels.map((address) => {
    const { host, port } = readEndpoint(`redis://${address}`);
    return { host, port: /:\d+$/.test(address) ? port : 26_379 };
  });
  return {
    label: `sentinel "${name}"`,
    connect: () =>
      new (client().Redis)({
        ...common(options),
        ...login(options),
        ...sentinelLogin(options),
        Connector: sentinelConnector(),
        sentinels,
        name,
        // One that is silent is passed over.
        sentinelCommandTimeout: options.timeout,
        // Without it the master that they name is spoken to in plain text.
        enableTLSForSentinelMode: options.tls,
        sentinelRetryStrategy: backoff,
        retryStrategy: backoff,
        failoverDetector: true,
      }),
  };
}

/** The independent servers of a configuration, one shard each. */
export function serversOf(options: RedisOptions): readonly RedisAddress[] {
  if (options.name !== undefined) return [masterOf(options, options.name)];
  return options.urls.map((url) => serverAt(options, readEndpoint(url)));
}

/** A client of the whole cluster, its map, and how to reach one of its nodes. */
export interface ClusterPlace {
  readonly label: string;
  readonly cluster: Client.Cluster;
  readonly slots: SlotMap;
  readonly nodeAt: (address: string) => RedisAddress;
}

/** The cluster of a configuration. */
export function clusterOf(options: RedisOptions): ClusterPlace {
  const endpoints = options.urls.map(readEndpoint);
  const first = endpoints[0] ?? readEndpoint('redis://localhost');
  const { lazyConnect, enableOfflineQueue, ...rest } = common(options);
  const cluster = new (client().Cluster)(
    endpoints.map(({ host, port }) => ({ host, port })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      // A command whose answer was lost may have been carried out: it is not sent again.
      retryDelayOnFailover: 0,
      slotsRefreshTimeout: options.timeout,
      slotsRefreshInterval: SLOTS_REFRESH,
      clusterRetryStrategy: backoff,
      redisOptions: { ...rest, ...login(options, first) },
    },
  );
  const nodeAt = (address: string): RedisAddress => {
    const at = address.lastIndexOf(':');
    const endpoint = { ...first, host: address.slice(0, at), port: Number(address.slice(at + 1)), db: 0 };
    return serverAt(options, endpoint);
  };
  const label = `cluster of ${endpoints.map(labelOf).join(', ')}`;
  return { label, cluster, slots: slotsOf(cluster), nodeAt };
}

/** Resolves when every reachable master is connected. */
export async function warmUp(cluster: Client.Cluster): Promise<void> {
  await Promise.allSettled(cluster.nodes('master').map((node) => node.ping()));
}

function slotsOf(cluster: Client.Cluster): SlotMap {
  const slots: SlotMap = {
    ownerOf: (slot) => cluster.slots[slot]?.[0],
    refresh: () =>
      new Promise((resolve, reject) => {
        cluster.refreshSlotsCache((error) => (error ? reject(error) : resolve()));
      }),
    onRefresh: () => {},
  };
  cluster.on('refresh', () => slots.onRefresh());
  return slots;
}
