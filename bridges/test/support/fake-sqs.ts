import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

/** A call of SQS, as the client made it. */
export interface SqsCall {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Answers a call; never: the call waits until the client ends it. */
export type SqsAnswer = (input: Readonly<Record<string, unknown>>) => unknown;

/** What a server of SQS is asked, for failures that a real one does not have when a test wants them. */
export class FakeSqs {
  readonly calls: SqsCall[] = [];
  readonly #server: Server;
  readonly #answers: Record<string, SqsAnswer>;

  private constructor(answers: Record<string, SqsAnswer>) {
    this.#answers = { GetQueueAttributes: () => ({ Attributes: { MessageRetentionPeriod: '345600' } }), ...answers };
    this.#server = createServer((request, response) => void this.#respond(request, response));
  }

  /** Starts a server, which ends with the test. */
  static async start(answers: Record<string, SqsAnswer>): Promise<FakeSqs> {
    const fake = new FakeSqs(answers);
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    onTestFinished(() => {
      fake.#server.closeAllConnections();
      fake.#server.close();
    });
    return fake;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return `http://127.0.0.1:${address.port}`;
  }

  /** What was asked of one kind. */
  inputs(action: string): readonly Readonly<Record<string, unknown>>[] {
    return this.calls.filter((call) => call.action === action).map(({ input }) => input);
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const input = JSON.parse(Buffer.concat(chunks).toString()) as SqsCall['input'];
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
    this.calls.push({ action, input });
    const answer = await this.#answers[action]?.(input);
    response.setHeader('content-type', 'application/x-amz-json-1.0').end(JSON.stringify(answer ?? {}));
  }
}

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
