import type {
  BridgeFailure,
  BridgeHost,
  BridgeState,
  Clock,
  InboundMessage,
  InboundOutcome,
  OnWait,
} from '@sluice/server/bridging';

/** Waits that are this long are limits, not pauses: they do not end by themselves. */
const LIMIT = 10_000;

/** Answers a `publish`. */
type Answer = (messages: readonly InboundMessage[]) => readonly InboundOutcome[];

/** A gateway as a test writes it: it answers what the script says, and pauses take no time. */
export class ScriptHost implements BridgeHost {
  /** The payloads of each `publish`. */
  readonly published: unknown[][] = [];
  readonly states: string[] = [];
  /** The errors of states for the log. */
  readonly logged: string[] = [];
  readonly counts: Record<string, number> = {};
  /** How long the bridge has paused. */
  readonly pauses: number[] = [];
  readonly stop = new AbortController();
  /** Limits that are running. */
  readonly limits = new Set<() => void>();
  readonly random = () => 1;
  readonly origin = () => 'here';
  readonly maxPayload = () => 100_000;
  /** Channels that get copies, by channel. */
  readonly copies: Record<string, readonly string[]> = {};
  readonly copiesOf = (channel: string) => this.copies[channel] ?? [];
  /** The reasons that `count` was given. */
  readonly reports: string[] = [];
  readonly checkpoints = { read: async () => undefined, create: async () => true, save: async () => {} };
  readonly clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (delay, task) => {
      if (delay >= LIMIT) {
        this.limits.add(task);
        return { cancel: () => void this.limits.delete(task) };
      }
      this.pauses.push(delay);
      setImmediate(task);
      return { cancel: () => {} };
    },
  };
  readonly #answers: Answer[];

  /** @param answers for one `publish` after the other; the bridge stops when there is none left */
  constructor(answers: readonly Answer[] = []) {
    this.#answers = [...answers];
  }

  async publish(messages: readonly InboundMessage[]) {
    this.published.push(messages.map(({ draft }) => draft.data));
    const answer = this.#answers.shift();
    if (answer !== undefined) return answer(messages);
    if (this.stop.signal.aborted) throw new Error('the bridge goes on although it was stopped');
    this.stop.abort();
    return messages.map(() => later);
  }

  openFeed(_onWait?: OnWait): ReturnType<BridgeHost['openFeed']> {
    return Promise.reject(new Error('this host only reads'));
  }

  count(outcome: string, count: number, why?: string): void {
    this.counts[outcome] = (this.counts[outcome] ?? 0) + count;
    if (why !== undefined) this.reports.push(`${outcome}: ${why}`);
  }

  moved(state: BridgeState, error?: string, { logged = error }: BridgeFailure = {}): void {
    if (logged !== undefined) this.logged.push(logged);
    this.states.push(error === undefined ? state : `${state}: ${error}`);
  }
}

export const done: InboundOutcome = { result: { id: 'i', offset: 1, epoch: 'e' } };
export const later: InboundOutcome = { refused: { error: 'unavailable', detail: 'away', retryable: true } };
export const never: InboundOutcome = { refused: { error: 'payload_invalid', detail: 'wrong', retryable: false } };

/** Everything was published. */
export const all = (messages: readonly InboundMessage[]) => messages.map(() => done);
/** These outcomes, whatever was published. */
export const outcomes =
  (...each: readonly InboundOutcome[]) =>
  () =>
    each;
