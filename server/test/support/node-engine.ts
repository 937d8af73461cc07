import { type Engine, type EngineListener, EngineUnavailable, type Log } from '../../src/engine/engine.ts';

/**
 * An engine that several gateways of one process share, as nodes of a cluster: each has its own access
 * to it, which can be killed after any operation.
 */
export class SharedEngine {
  readonly #inner: Engine;
  readonly #nodes = new Set<NodeEngine>();
  #started: Promise<void> | undefined;

  constructor(inner: Engine) {
    this.#inner = inner;
  }

  /** Another node's access. */
  node(): NodeEngine {
    return new NodeEngine(this.#inner, {
      join: (node) => {
        this.#nodes.add(node);
        this.#started ??= this.#start();
        return this.#started;
      },
      leave: (node) => this.#nodes.delete(node),
    });
  }

  async #start(): Promise<void> {
    await this.#inner.start({
      deliver: (...news) => {
        for (const node of this.#nodes) node.listener?.deliver(...news);
      },
      interrupted: (channel) => {
        for (const node of this.#nodes) node.listener?.interrupted?.(channel);
      },
    });
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}

interface Membership {
  join(node: NodeEngine): Promise<void>;
  leave(node: NodeEngine): void;
}

/** One node's access to a shared engine. */
export class NodeEngine implements Engine {
  readonly name: string;
  readonly presence: Engine['presence'];
  readonly revocations: Engine['revocations'];
  readonly log: Log;
  listener: EngineListener | undefined;
  /** Operations that have not been answered. */
  pending = 0;
  readonly #membership: Membership;
  /** Operations until it is killed. */
  #left = Number.POSITIVE_INFINITY;

  constructor(inner: Engine, membership: Membership) {
    const { log } = inner;
    this.name = inner.name;
    this.presence = inner.presence;
    this.revocations = inner.revocations;
    this.#membership = membership;
    this.log = {
      append: (...given) => this.#carryOut(() => log.append(...given)),
      read: (...given) => this.#carryOut(() => log.read(...given)),
      seek: (...given) => this.#carryOut(() => log.seek(...given)),
      watch: (channel) => this.#carryOut(() => log.watch(channel)),
      unwatch: (channel) => log.unwatch(channel),
    };
  }

  get isKilled(): boolean {
    return this.#left <= 0;
  }

  /** The node dies after this many further operations, before it learns the result of the last one. */
  killAfter(operations: number): void {
    this.#left = Math.min(this.#left, operations);
    if (this.isKilled) this.#die();
  }

  #die(): void {
    this.#membership.leave(this);
    this.listener = undefined;
  }

  async #carryOut<T>(operation: () => T | Promise<T>): Promise<T> {
    if (this.isKilled) throw new EngineUnavailable('this node was killed');
    this.#left--;
    const isLast = this.isKilled;
    if (isLast) this.#die();
    this.pending++;
    try {
      const result = await operation();
      if (isLast) throw new EngineUnavailable('this node was killed');
      return result;
    } finally {
      this.pending--;
    }
  }

  async start(listener: EngineListener): Promise<void> {
    this.listener = listener;
    await this.#membership.join(this);
  }

  signal(): void {}

  close(): void {
    this.#die();
  }
}
