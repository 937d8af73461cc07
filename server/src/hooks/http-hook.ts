import { markLongNumbers } from '@sluice/protocol';
import type { HookCall, HttpTarget } from '../hook.ts';
import { CallFailed } from '../outgoing/call-failed.ts';
import { CircuitBreaker } from '../outgoing/circuit-breaker.ts';
import type { HttpClient } from '../outgoing/http-client.ts';
import { signedHeaders } from '../outgoing/signing-key.ts';
import type { Clock } from '../util/clock.ts';
import type { HookAnswer } from './hook-answer.ts';
import type { HookBatch, HookSending, HookTarget } from './hook-target.ts';

export interface HttpHookOptions {
  readonly target: HttpTarget;
  readonly client: HttpClient;
  readonly clock: Clock;
  /** This gateway's name. */
  readonly node: string;
  readonly nextId: () => string;
  /** The circuit breaker opened, for this many milliseconds; 0: it closed. */
  readonly onBreaker: (pause: number) => void;
}

/** Calls that may wait while `concurrency` are on their way. */
const MOST_WAITING = 10_000;

/** A call is not sent if less than this part of its `timeout` is left when its turn comes. */
const LEAST_LEFT = 0.1;
/** A call with at least this part of its `timeout` left says something about the service if it times out. */
const MOST_LEFT = 0.9;

const waitedTooLong = (time: number): CallFailed =>
  new CallFailed('overloaded', `waited ${Math.round(time)} ms while too many calls were on their way`);

/** Did the gateway itself use up the time of the call? The service may well be healthy. */
const isOwnDelay = (error: unknown, hadTime: boolean): boolean =>
  error instanceof CallFailed && (error.failure === 'overloaded' || (error.failure === 'timeout' && !hadTime));

/** The fields of a question that are the same for all questions of a batch. */
const SHARED = ['hook', 'user', 'claims', 'meta', 'connection'] as const;

/** A call, and how its answer is read. */
interface Sending<Answer> extends HookSending {
  /** @throws CallFailed */
  readonly read: (answer: unknown) => Answer;
  /** Is a part of the answer invalid? The call has then failed, although other parts are used. */
  readonly isInvalid?: (answer: Answer) => boolean;
}

/** A backend as a hook: one signed POST for all questions that a client asks together. */
export class HttpHook implements HookTarget {
  readonly #options: HttpHookOptions;
  readonly #breaker: CircuitBreaker;
  readonly #url: URL;
  /** Begin the calls that wait for one of `concurrency`, in their order. */
  readonly #waiting = new Set<() => void>();
  #running = 0;
  #isClosed = false;

  constructor(options: HttpHookOptions) {
    this.#options = options;
    this.#url = new URL(options.target.url);
    // Calls that are on their way when a reload replaces the hook say nothing about the new one.
    const onChange = (pause: number): void => {
      if (!this.#isClosed) options.onBreaker(pause);
    };
    this.#breaker = new CircuitBreaker({ clock: options.clock, onChange });
  }

  get isPaused(): boolean {
    return this.#breaker.isOpen;
  }

  async ask({ calls, timeout, traceparent, read }: HookBatch): Promise<readonly (HookAnswer | CallFailed)[]> {
    return await this.#send(JSON.stringify(this.#bodyOf(calls)), {
      ...{ timeout, traceparent },
      read: (answer) => readAnswers(answer, calls.length).map(read),
      isInvalid: (answers) => answers.some((answer) => answer instanceof CallFailed),
    });
  }

  async send<Answer>(
    body: object,
    options: HookSending & { readonly read: (answer: unknown) => Answer },
  ): Promise<Answer> {
    return await this.#send(JSON.stringify({ ...body, node: this.#options.node }), options);
  }

  close(): void {
    this.#isClosed = true;
  }

  #bodyOf(calls: readonly HookCall[]): object {
    const [first] = calls;
    const shared = Object.fromEntries(
      SHARED.flatMap((name) => (first?.[name] === undefined ? [] : [[name, first[name]]])),
    );
    return { ...shared, node: this.#options.node, calls: calls.map(withoutShared) };
  }

  async #send<Answer>(body: string, sending: Sending<Answer>): Promise<Answer> {
    const { timeout } = sending;
    const start = this.#options.clock.monotonic();
    await this.#turn(timeout);
    try {
      const left = timeout - (this.#options.clock.monotonic() - start);
      if (left < timeout * LEAST_LEFT) throw waitedTooLong(timeout - left);
      if (!this.#breaker.permits()) throw new CallFailed('open', 'failed several times in a row, and is not asked now');
      return await this.#post(body, { ...sending, timeout: left, hadTime: left >= timeout * MOST_LEFT });
    } finally {
      this.#finish();
    }
  }

  /** Waits until fewer than `concurrency` calls are on their way, at most for the time that a call may take. */
  async #turn(timeout: number): Promise<void> {
    if (this.#running < this.#options.target.concurrency) {
      this.#running++;
      return;
    }
    if (this.#waiting.size >= MOST_WAITING) throw new CallFailed('overloaded', `${MOST_WAITING} calls wait`);
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => {
        timer.cancel();
        resolve();
      };
      const timer = this.#options.clock.after(timeout, () => {
        this.#waiting.delete(begin);
        reject(waitedTooLong(timeout));
      });
      this.#waiting.add(begin);
    });
  }

  /** The next call that waits continues in place of this one. */
  #finish(): void {
    const [begin] = this.#waiting;
    if (begin === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(begin);
    begin();
  }

  async #post<Answer>(body: string, sending: Sending<Answer> & { readonly hadTime: boolean }): Promise<Answer> {
    const { timeout, traceparent, read, isInvalid, hadTime } = sending;
    const { client, clock, nextId, target } = this.#options;
    const signature = signedHeaders(target.keys, { id: `msg_${nextId()}`, time: clock.now(), body });
    const trace = traceparent === undefined ? {} : { traceparent };
    const headers = { 'content-type': 'application/json', accept: 'application/json', ...trace, ...signature };
    try {
      const answer = await client.post({ url: this.#url, headers, body, timeout, maxAnswer: target.maxAnswer });
      const value = read(parseJson(answer.body));
      if (isInvalid?.(value) === true) this.#breaker.failed();
      else this.#breaker.succeeded();
      return value;
    } catch (error) {
      if (isOwnDelay(error, hadTime)) this.#breaker.learnedNothing();
      else this.#breaker.failed();
      throw error;
    }
  }
}

function withoutShared(call: HookCall): object {
  return Object.fromEntries(Object.entries(call).filter(([name]) => !(SHARED as readonly string[]).includes(name)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(markLongNumbers(text));
  } catch {
    throw new CallFailed('invalid', 'answered with something that is not JSON'); // the cause quotes the answer
  }
}

/** `{ answers: […] }` in the order of the questions, or one answer for all of them. */
function readAnswers(value: unknown, count: number): readonly unknown[] {
  const { answers } = (typeof value === 'object' && value !== null ? value : {}) as { answers?: unknown };
  if (answers === undefined) return Array.from({ length: count }, () => value);
  if (Array.isArray(answers) && answers.length === count) return answers;
  throw new CallFailed('invalid', `"answers" must be a list of ${count}, in the order of "calls"`);
}
