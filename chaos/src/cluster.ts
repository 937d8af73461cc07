import type { ConfigInput } from '../../server/src/config/config.ts';
import { GatewayProcess } from './gateway-process.ts';
import type { EngineName } from './plan.ts';
import { RedisProcess } from './redis-process.ts';
import { Tunnel } from './tunnel.ts';

/** The secret of the gateways that chaos starts. */
export const SECRET = 'a secret of gateways that live for minutes only';

export interface ClusterOptions {
  readonly engine: EngineName;
  readonly nodes: number;
  /** For files: configurations, the engines' data. */
  readonly folder: string;
  readonly channels: NonNullable<ConfigInput['channels']>;
  /** Beside what chaos needs. */
  readonly config?: ConfigInput;
  readonly onFault: (text: string) => void;
}

/** Nodes as processes of their own, and what stands behind them; every node has a line of its own to Redis. */
export class Cluster {
  readonly nodes: GatewayProcess[] = [];
  readonly links: Tunnel[] = [];
  redis: RedisProcess | undefined;
  readonly #options: ClusterOptions;
  #turn = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { engine, nodes } = this.#options;
    if (engine !== 'redis' && nodes !== 1) throw new Error(`the ${engine} engine is for one node`);
    if (engine === 'redis') await this.#startRedis();
    for (let at = 0; at < nodes; at++) this.nodes.push(await this.#createNode(at));
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  async #startRedis(): Promise<void> {
    // A port that was free a moment ago: Redis cannot be asked which one it took, and keeps it for all its lives.
    const finder = new Tunnel(() => undefined);
    const port = await finder.listen();
    await finder.close();
    this.redis = new RedisProcess({ folder: this.#options.folder, port });
    await this.redis.start();
  }

  async #createNode(at: number): Promise<GatewayProcess> {
    const { folder, channels, config, onFault } = this.#options;
    const base: ConfigInput = {
      keys: [{ secret: SECRET }],
      channels,
      drain: '2s',
      limits: { operations: 0, bytes: 0, connectionsPerUser: 0, outbound: '256KiB', maxFrame: '1MiB' },
      ...config,
      ...(await this.#engineOf()),
    };
    return new GatewayProcess({ name: `node-${at}`, folder, config: base, onFault });
  }

  /** What the configuration says about the engine: each node reaches Redis by a line of its own. */
  async #engineOf(): Promise<Record<string, unknown>> {
    const { engine, folder } = this.#options;
    if (engine === 'durable') return { engine, durable: { data: `${folder}/data` } };
    if (engine === 'memory') return { engine };
    const link = new Tunnel(() => this.redis?.port);
    this.links.push(link);
    return { engine, redis: { url: `redis://127.0.0.1:${await link.listen()}` } };
  }

  /** The port of a node that takes connections, in turns, as a load balancer chooses. */
  choose(): number | undefined {
    const ports = this.nodes.flatMap(({ port }) => (port === undefined ? [] : [port]));
    return ports[this.#turn++ % Math.max(1, ports.length)];
  }

  nameOf(port: number): string {
    return this.nodes.find((node) => node.port === port)?.name ?? 'nobody';
  }

  /** Ends everything, and tells how the nodes ended. */
  async stop(): Promise<(number | null)[]> {
    const codes = await Promise.all(this.nodes.map((node) => node.drain()));
    await this.kill();
    return codes;
  }

  /** Ends everything at once. */
  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.redis?.kill();
    await Promise.all(this.links.splice(0).map((link) => link.close()));
  }
}
