import type { HookCall, HookFunction, HookFunctions } from '../hook.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import type { Clock } from '../util/clock.ts';
import type { HookAnswer } from './hook-answer.ts';
import type { HookBatch, HookTarget } from './hook-target.ts';

export interface FunctionHookOptions {
  readonly functions: HookFunctions;
  readonly clock: Clock;
  /** Reports the fault of a function to its author. */
  readonly onFault: (error: unknown) => void;
}

/** Functions of the program as a hook: each question is one call. */
export class FunctionHook implements HookTarget {
  readonly isPaused = false;
  readonly #options: FunctionHookOptions;

  constructor(options: FunctionHookOptions) {
    this.#options = options;
  }

  async ask({ kind, calls, timeout, read }: HookBatch): Promise<readonly (HookAnswer | CallFailed)[]> {
    const decide = this.#options.functions[kind];
    if (decide === undefined) throw new Error(`the hook has no function "${kind}"`);
    const answers = await Promise.all(calls.map((call) => this.#ask(decide, call, timeout)));
    return answers.map((answer) => (answer instanceof CallFailed ? answer : read(answer)));
  }

  #ask(decide: HookFunction, call: HookCall, timeout: number): Promise<unknown> {
    return new Promise((resolve) => {
      const late = new CallFailed('timeout', `did not answer within ${timeout} ms`);
      const timer = this.#options.clock.after(timeout, () => resolve(late));
      const settle = (outcome: unknown): void => {
        timer.cancel();
        resolve(outcome);
      };
      const fail = (error: unknown): void => {
        this.#options.onFault(error);
        settle(new CallFailed('invalid', 'the function failed'));
      };
      try {
        Promise.resolve(decide(call)).then(settle, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  close(): void {}
}
