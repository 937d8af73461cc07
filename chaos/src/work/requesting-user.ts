import { type Client, SluiceError } from '@sluice/client';
import { requestMany } from '@sluice/client/requests';
import { ChaosUser, type ChaosUserOptions } from '../chaos-user.ts';
import { type BackendApi, errorOf } from './backend-api.ts';
import type { Outcome, Question, RequestLedger } from './request-ledger.ts';
import { ASK } from './rules.ts';

/** Asks a question, and returns how the request ended. */
export type Ask = (question: Question) => Promise<Outcome>;

/** Asks, and records the request. Returns whether it was answered. */
export async function askAndRecord(
  question: Question,
  { ask, requests, onFault }: { ask: Ask; requests: RequestLedger; onFault: (text: string) => void },
): Promise<boolean> {
  requests.asked(question);
  const outcome = await ask(question);
  const problem = requests.ended(question.n, outcome);
  if (problem !== undefined) onFault(problem);
  return 'replies' in outcome;
}

/** A user that sends requests with the SDK. */
export class RequestingUser extends ChaosUser {
  readonly #requests: RequestLedger;

  constructor({ requests, ...options }: ChaosUserOptions & { readonly requests: RequestLedger }) {
    super(options);
    this.#requests = requests;
  }

  protected use(client: Client): void {
    void client.connect().catch(() => {});
  }

  /** Returns whether the request was answered. While the page is closed nothing is asked. */
  async ask(question: Question): Promise<boolean> {
    const { client } = this;
    if (client === undefined) return false;
    return askAndRecord(question, {
      ask: (asked) => askWith(client, asked),
      requests: this.#requests,
      onFault: (text) => this.fault(text),
    });
  }
}

async function askWith(client: Client, question: Question): Promise<Outcome> {
  const replies: unknown[] = [];
  try {
    for await (const reply of requestMany(client.channel(ASK), question, { timeout: 3_000 })) replies.push(reply);
    return { replies };
  } catch (error) {
    if (!(error instanceof SluiceError)) return { error: String(error) };
    const code = error.responder?.code;
    return { error: error.name, ...(code === undefined ? {} : { code }) };
  }
}

/** Asks over HTTP. */
export async function askOverHttp(api: BackendApi, question: Question): Promise<Outcome> {
  const answer = await api.call('POST', 'request', { channel: ASK, data: question, timeout: 3_000 });
  if (answer === undefined) return { error: 'connection_lost' };
  const { data, replies, error } = answer.body as {
    data?: unknown;
    replies?: unknown[];
    error?: { responder?: { code: string } };
  };
  if (answer.status === 200) return { replies: replies ?? [data] };
  const code = error?.responder?.code;
  return { error: errorOf(answer) ?? `status ${answer.status}`, ...(code === undefined ? {} : { code }) };
}
