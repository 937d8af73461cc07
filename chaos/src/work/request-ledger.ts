/** What a responder does with a request: reply, reply several times, reply with an error, throw, or be slow. */
export type Behaviour = 'reply' | 'stream' | 'refuse' | 'throw' | 'slow';

/** The data of a request. */
export interface Question {
  readonly n: number;
  readonly behaviour: Behaviour;
}

/** The replies to a question that is answered with a stream. */
export const STREAM_LENGTH = 5;

/** The code with which a responder refuses. */
export const REFUSED = 'refused';

/** How a request ended: with replies, or with the name of an error. `code`: of the responder's own error. */
export type Outcome = { readonly replies: readonly unknown[] } | { readonly error: string; readonly code?: string };

/** Errors that a request may end with while gateways, networks and responders are broken. */
const EXCUSES: ReadonlySet<string> = new Set([
  ...['no_responders', 'responders_busy', 'request_timeout', 'responder_lost', 'connection_lost'],
  ...['unavailable', 'timed_out', 'closed', 'draining', 'too_many_requests'],
]);

interface Entry {
  readonly question: Question;
  executions: number;
  outcome?: Outcome;
}

/** All requests: what was asked, who executed it, and how it ended. */
export class RequestLedger {
  readonly #entries = new Map<number, Entry>();
  readonly #counts = new Map<string, number>();
  pending = 0;

  asked(question: Question): void {
    this.#entries.set(question.n, { question, executions: 0 });
    this.pending++;
  }

  /** Returns what is wrong with an execution: a request is sent once, so it reaches one responder once. */
  executed({ n }: Question): string | undefined {
    const entry = this.#entries.get(n);
    if (entry === undefined) return `request ${n} was executed, but nobody asked`;
    return ++entry.executions > 1 ? `request ${n} was executed ${entry.executions} times` : undefined;
  }

  /** Returns what is wrong with the end of a request. */
  ended(n: number, outcome: Outcome): string | undefined {
    const entry = this.#entries.get(n);
    if (entry === undefined) return `request ${n} ended, but nobody asked`;
    if (entry.outcome !== undefined) return `request ${n} ended twice`;
    entry.outcome = outcome;
    this.pending--;
    const name = 'error' in outcome ? outcome.error : 'answered';
    this.#counts.set(name, this.countOf(name) + 1);
    const problem = 'error' in outcome ? problemOf(entry, outcome) : problemOfReplies(entry, outcome.replies);
    return problem && `request ${n} (${entry.question.behaviour}) ${problem}`;
  }

  /** How many requests ended with this error; `answered`: with replies. */
  countOf(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Requests by how they ended. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

function problemOf({ question, executions }: Entry, { error, code }: { error: string; code?: string }) {
  if (error !== 'responder_failed') return EXCUSES.has(error) ? undefined : `ended with ${error}`;
  if (executions === 0) return 'failed, but nobody executed it';
  const expected = { refuse: REFUSED, throw: 'internal' }[question.behaviour as 'refuse' | 'throw'];
  return code === expected ? undefined : `ended with the responder's error ${code}`;
}

function problemOfReplies({ question, executions }: Entry, replies: readonly unknown[]): string | undefined {
  if (executions === 0) return 'has replies, but nobody executed it';
  const expected = JSON.stringify(repliesTo(question));
  const received = JSON.stringify(replies);
  return received === expected ? undefined : `received ${received} instead of ${expected}`;
}

/** The replies that a question must get. */
export function repliesTo({ n, behaviour }: Question): readonly unknown[] {
  if (behaviour === 'refuse' || behaviour === 'throw') return [];
  return behaviour === 'stream' ? Array.from({ length: STREAM_LENGTH }, (_, at) => ({ n, at })) : [{ n }];
}
