import type { EventBus } from '../events.ts';
import type { HookCall, HookConfig, HookKind } from '../hook.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import type { Clock } from '../util/clock.ts';
import { type HookAnswer, readAnswer } from './hook-answer.ts';
import type { HookRecord, HookStatus } from './hook-record.ts';
import type { HookTarget } from './hook-target.ts';

export interface ActiveHookOptions {
  readonly config: HookConfig;
  readonly target: HookTarget;
  readonly record: HookRecord;
  readonly events: EventBus;
  readonly clock: Clock;
}

/** A hook that is configured, and what answers its questions. */
export class ActiveHook {
  readonly config: HookConfig;
  readonly target: HookTarget;
  /** What became of its calls. */
  readonly record: HookRecord;
  readonly #events: EventBus;
  readonly #clock: Clock;

  constructor({ config, target, record, events, clock }: ActiveHookOptions) {
    this.config = config;
    this.target = target;
    this.record = record;
    this.#events = events;
    this.#clock = clock;
  }

  get status(): HookStatus {
    return this.record.status(this.config, this.target.isPaused);
  }

  /** Asks. Returns an answer for each call, or why there is none; never rejects. */
  async ask(
    kind: HookKind,
    calls: readonly HookCall[],
    traceparent: string | undefined,
  ): Promise<readonly (HookAnswer | CallFailed)[]> {
    const start = this.#clock.monotonic();
    const answers = await this.#askTarget(kind, calls, traceparent);
    const failed = answers.find((answer): answer is CallFailed => answer instanceof CallFailed);
    this.#report(kind, start, failed);
    return answers;
  }

  /**
   * Asks something else than a decision.
   *
   * @param read checks the answer, and throws `CallFailed` if it is invalid
   * @throws CallFailed
   */
  async send<Answer>(operation: string, body: object, read: (answer: unknown) => Answer): Promise<Answer> {
    const { target, config } = this;
    if (target.send === undefined) throw new Error(`the hook "${config.name}" has no URL`);
    const start = this.#clock.monotonic();
    const report = (failed?: CallFailed): void => this.#report(operation, start, failed);
    try {
      const answer = await target.send(body, { timeout: config.timeout, traceparent: undefined, read });
      report();
      return answer;
    } catch (error) {
      const failed = this.#asFailure(error);
      report(failed);
      throw failed;
    }
  }

  #report(kind: string, start: number, failed: CallFailed | undefined): void {
    const { name } = this.config;
    const outcome = failed?.failure ?? 'answered';
    const duration = this.#clock.monotonic() - start;
    this.record.ended({ operation: kind, failed, duration, time: this.#clock.now() });
    this.#events.emit('hookAsked', { hook: name, kind, outcome, duration });
    if (failed === undefined) return;
    this.#events.emit('hookFailed', { hook: name, kind, failure: failed.failure, detail: failed.message });
  }

  async #askTarget(
    kind: HookKind,
    calls: readonly HookCall[],
    traceparent: string | undefined,
  ): Promise<readonly (HookAnswer | CallFailed)[]> {
    try {
      const read = (answer: unknown): HookAnswer | CallFailed => this.#read(kind, answer);
      return await this.target.ask({ kind, calls, timeout: this.config.timeout, traceparent, read });
    } catch (error) {
      const failed = this.#asFailure(error);
      return calls.map(() => failed);
    }
  }

  #read(kind: HookKind, answer: unknown): HookAnswer | CallFailed {
    try {
      return readAnswer(kind, answer);
    } catch (error) {
      return this.#asFailure(error);
    }
  }

  /** Anything else than a failed call is a bug of the gateway: it is reported, and counts as a failure. */
  #asFailure(error: unknown): CallFailed {
    if (error instanceof CallFailed) return error;
    this.#events.emit('fault', { where: `the hook "${this.config.name}"`, error });
    return new CallFailed('invalid', 'the gateway failed to ask');
  }
}
