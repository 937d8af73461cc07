import type { BridgeHost, BridgeState, Clock, InboundMessage } from '@sluice/server/bridging';

/** Timers of Node. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay, task) => {
    const timer = setTimeout(task, delay);
    return { cancel: () => clearTimeout(timer) };
  },
};

const isReached = (reached: string, position: string): boolean =>
  position.length === reached.length ? position <= reached : position.length < reached.length;

/** A gateway as a model: a log that recognises repeats, and something that happens after an append. */
export class ModelHost implements BridgeHost {
  readonly clock: Clock;
  readonly random = Math.random;
  readonly maxPayload = () => 1_048_576;
  readonly origin = () => 'model';
  readonly copiesOf = () => [];
  /** Everything that was published, and was no repeat. */
  readonly log: unknown[] = [];
  repeats = 0;
  state: BridgeState | undefined;
  readonly checkpoints = {
    read: async (partition: string) => this.#checkpoints.get(partition),
    create: async (partition: string, checkpoint: string) => {
      if (this.#checkpoints.has(partition)) return false;
      this.#checkpoints.set(partition, checkpoint);
      return true;
    },
    save: async (partition: string, checkpoint: string) => void this.#checkpoints.set(partition, checkpoint),
  };
  readonly #checkpoints = new Map<string, string>();
  readonly #reached = new Map<string, string>();
  readonly #ids = new Set<string>();
  readonly #afterFirst: () => Promise<void>;

  /**
   * @param afterFirst runs between the first publish and its acknowledgement
   * @param change the clock of the host
   */
  constructor(afterFirst: () => Promise<void>, change: (clock: Clock) => Clock = (same) => same) {
    this.#afterFirst = afterFirst;
    this.clock = change(clock);
  }

  async publish(messages: readonly InboundMessage[]) {
    const isFirst = this.log.length === 0;
    for (const message of messages) {
      if (this.#isRepeat(message)) this.repeats++;
      else this.log.push(message.draft.data);
    }
    if (isFirst) await this.#afterFirst();
    return messages.map(() => ({ result: { id: 'id', offset: this.log.length, epoch: 'model' } }));
  }

  #isRepeat({ channel, once }: InboundMessage): boolean {
    const key = JSON.stringify([channel, 'id' in once ? once.id : once.partition]);
    if ('id' in once) return this.#ids.size === this.#ids.add(key).size;
    if (isReached(this.#reached.get(key) ?? '', once.position)) return true;
    this.#reached.set(key, once.position);
    return false;
  }

  openFeed(): Promise<never> {
    return Promise.reject(new Error('this host only reads'));
  }

  count(): void {}

  moved(state: BridgeState): void {
    this.state = state;
  }
}
