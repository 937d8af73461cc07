import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { MemoryNodes } from '../../src/engine/memory/memory-nodes.ts';
import type { MailboxListener } from '../../src/engine/nodes.ts';
import { tokenFor } from './tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './world.ts';

/** Mailboxes whose messages a test can lose by the death of a node. */
class MortalNodes extends MemoryNodes {
  readonly #dead = new Set<string>();
  /** The addresses of each node. */
  readonly #opened: string[][] = [];

  /** Mailboxes are opened for this node from now on. */
  nextNode(): void {
    this.#opened.push([]);
  }

  override open(address: string, listener: MailboxListener) {
    this.#opened.at(-1)?.push(address);
    return super.open(address, {
      ...listener,
      received: (from, message) => {
        if (!this.#dead.has(address)) listener.received(from, message);
      },
    });
  }

  failure: Error | undefined;

  override send(from: string, to: string, message: string): boolean {
    if (this.failure !== undefined) return Promise.reject(this.failure) as never;
    if (this.#dead.has(from)) return true;
    return !this.#dead.has(to) && super.send(from, to, message);
  }

  override responders(channel: string) {
    return super.responders(channel).filter(({ node }) => !this.#dead.has(node));
  }

  kill(at: number): void {
    for (const address of this.#opened[at] ?? []) this.#dead.add(address);
  }
}

/** Gateways in memory that are nodes of one cluster. */
export class RequestCluster {
  readonly worlds: readonly World[];
  readonly #nodes: MortalNodes;

  private constructor(worlds: readonly World[], nodes: MortalNodes) {
    this.worlds = worlds;
    this.#nodes = nodes;
  }

  static async start(count: number, config: Parameters<typeof createWorld>[0]): Promise<RequestCluster> {
    const nodes = new MortalNodes();
    class NodeEngine extends MemoryEngine {
      override readonly nodes = nodes;
    }
    const worlds: World[] = [];
    for (let at = 0; at < count; at++) {
      nodes.nextNode();
      worlds.push(await createWorld(config, { engine: (clock) => new NodeEngine({ clock }) }));
    }
    return new RequestCluster(worlds, nodes);
  }

  world(at: number): World {
    const world = this.worlds[at];
    if (world === undefined) throw new Error(`there is no node ${at}`);
    return world;
  }

  async connect(at: number, user: string): Promise<LoopbackPeer> {
    const world = this.world(at);
    return world.connect(await tokenFor(user, { clock: () => world.clock.now() }));
  }

  /** The node dies without notice: others only find that nobody receives its messages. */
  kill(at: number): void {
    this.#nodes.kill(at);
  }

  /** Lets every message between nodes fail with this error. */
  breakSending(error: Error | undefined): void {
    this.#nodes.failure = error;
  }

  advance(ms: number): void {
    for (const { clock } of this.worlds) clock.advance(ms);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await nextTurn();
  }

  /** Runs the event loop until nothing is left to do. */
  async idle(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await nextTurn();
    for (const world of this.worlds) await world.idle();
  }
}
