import type { Json } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import type { Mailbox, Nodes } from '../engine/nodes.ts';
import type { EventBus } from '../events.ts';
import type { Clock } from '../util/clock.ts';
import { recover } from '../util/now-or-later.ts';
import type { NodeMessage } from './messages.ts';
import { Question } from './question.ts';

/** Stands where others have the name of a channel: every node offers it, so its offers list the nodes. */
const EVERY_NODE = '!nodes';

/** Milliseconds that the other nodes have to answer. */
export const ANSWER_TIME = 2_000;

export interface ClusterOptions {
  /** Absent: the engine has no messages between nodes, and this node is alone. */
  readonly nodes: Nodes | undefined;
  /** This node's name. */
  readonly name: string;
  readonly clock: Clock;
  readonly events: EventBus;
}

/** Answers a question of any node, on this node. The answer must be JSON. */
export type Answerer = (parameters: Json) => object | Promise<object>;

/** The answers of the nodes to one question. */
export interface Answers<T> {
  readonly answers: readonly { readonly node: string; readonly answer: T }[];
  /** Nodes that did not answer in time, by name if it is known, otherwise by the address of their mailbox. */
  readonly missing: readonly string[];
}

/** The nodes that share an engine, and what they ask each other for operators and backends. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #answerers = new Map<string, Answerer>();
  readonly #questions = new Map<number, Question>();
  /** Names by address, as the nodes gave them with their answers. */
  readonly #names = new Map<string, string>();
  #mailbox: Mailbox | undefined;
  #count = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Registers what this node answers to a method. Call it before `start`. */
  answer(method: string, answerer: Answerer): void {
    this.#answerers.set(method, answerer);
  }

  /** Opens the mailbox. The engine must have started. */
  async start(): Promise<void> {
    const { nodes } = this.#options;
    this.#mailbox = await nodes?.open(nanoid(12), { received: (from, text) => this.#receive(from, text) });
    await this.#mailbox?.offer(EVERY_NODE, 1);
  }

  async close(): Promise<void> {
    for (const question of this.#questions.values()) question.finish();
    const mailbox = this.#mailbox;
    this.#mailbox = undefined;
    await mailbox?.close();
  }

  /**
   * Asks all nodes, this one included.
   *
   * @throws EngineUnavailable if the other nodes cannot be found out; whatever this node's answerer throws
   */
  async ask<T extends object>(method: string, parameters: Json): Promise<Answers<T>> {
    const others = await this.#others();
    const remote = others.length === 0 ? undefined : this.#askOthers(others, method, parameters);
    const own = (await this.#find(method)(parameters)) as T;
    const { answers, missing } = (await remote) ?? { answers: [], missing: [] };
    return {
      answers: [{ node: this.#options.name, answer: own }, ...(answers as Answers<T>['answers'])],
      missing: missing.map((address) => this.#names.get(address) ?? address),
    };
  }

  async #others(): Promise<readonly string[]> {
    const mailbox = this.#mailbox;
    if (mailbox === undefined) return [];
    const nodes = (await mailbox.responders(EVERY_NODE)).map(({ node }) => node);
    const known = new Set(nodes);
    for (const address of this.#names.keys()) if (!known.has(address)) this.#names.delete(address);
    return nodes.filter((node) => node !== mailbox.address);
  }

  async #askOthers(others: readonly string[], method: string, parameters: Json): Promise<Answers<unknown>> {
    const id = ++this.#count;
    const question = new Question(others, { clock: this.#options.clock, time: ANSWER_TIME });
    this.#questions.set(id, question);
    for (const address of others)
      void this.#send(address, ['ask', id, method, parameters], () => question.lose(address));
    const outcome = await question.outcome;
    this.#questions.delete(id);
    return outcome;
  }

  #receive(from: string, text: string): void {
    const message = JSON.parse(text) as NodeMessage;
    if (message[0] === 'ask') {
      void this.#reply(from, message[1], message[2], message[3]);
      return;
    }
    const [kind, id, node, answer] = message;
    this.#names.set(from, node);
    const question = this.#questions.get(id);
    if (kind === 'answer') question?.answered(from, { node, answer });
    else question?.lose(from);
  }

  async #reply(to: string, id: number, method: string, parameters: Json): Promise<void> {
    const { name, events } = this.#options;
    try {
      const answer = await this.#find(method)(parameters);
      await this.#send(to, ['answer', id, name, answer as Json]);
    } catch (error) {
      events.emit('fault', { where: `a question of another node: "${method}"`, error });
      await this.#send(to, ['failed', id, name]);
    }
  }

  #find(method: string): Answerer {
    const answerer = this.#answerers.get(method);
    if (answerer === undefined) throw new Error(`this version of the gateway does not know "${method}"`);
    return answerer;
  }

  /** A message that gets lost is missed by its receiver, who waits for a limited time. */
  async #send(to: string, message: NodeMessage, lost: () => void = () => {}): Promise<void> {
    const mailbox = this.#mailbox;
    const received = await recover(
      () => mailbox?.send(to, JSON.stringify(message)) ?? false,
      () => false,
    );
    if (!received) lost();
  }
}
