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
  /** Folder for files: configurations, the engines' data. */
  readonly folder: string;
  readonly channels: NonNullable<ConfigInput['channels']>;
  /** Options in addition to those that chaos needs. */
  readonly config?: ConfigInput;
  readonly onFault: (text: string) => void;
}

/** Nodes as processes, and their backends. Every node has a link of its own to Redis. */
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
    if (engine !== 'redis' && nodes !== 1)
      throw new Error(`the ${engine} engine supports only one node. Use --nodes 1, or --engine redis`);
    if (engine === 'redis') await this.#startRedis();
    for (let at = 0; at < nodes; at++) this.nodes.push(await this.#createNode(at));
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  async #startRedis(): Promise<void> {
    // A port that was free a moment ago. Redis cannot report a port that it picked, and keeps this
    // one across restarts.
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

  /** The configuration of the engine: each node reaches Redis over its own link. */
  async #engineOf(): Promise<Record<string, unknown>> {
    const { engine, folder } = this.#options;
    if (engine === 'durable') return { engine, durable: { data: `${folder}/data` } };
    if (engine === 'memory') return { engine };
    const link = new Tunnel(() => this.redis?.port);
    this.links.push(link);
    return { engine, redis: { url: `redis://127.0.0.1:${await link.listen()}` } };
  }

  /** The port of a node that accepts connections, in turns, as a load balancer chooses. */
  choose(): number | undefined {
    const ports = this.nodes.flatMap(({ port }) => (port === undefined ? [] : [port]));
    return ports[this.#turn++ % Math.max(1, ports.length)];
  }

  nameOf(port: number): string {
    return this.nodes.find((node) => node.port === port)?.name ?? 'nobody';
  }

  /** Stops everything, and returns the exit codes of the nodes. */
  async stop(): Promise<(number | null)[]> {
    const codes = await Promise.all(this.nodes.map((node) => node.drain()));
    await this.kill();
    return codes;
  }

  /** Kills everything at once. */
  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.redis?.kill();
    await Promise.all(this.links.splice(0).map((link) => link.close()));
  }
}
