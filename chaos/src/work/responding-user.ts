import type { Client } from '@sluice/client';
import { ReplyError, respond } from '@sluice/client/requests';
import { ChaosUser, type ChaosUserOptions } from '../chaos-user.ts';
import type { Dice } from '../dice.ts';
import { pause } from '../until.ts';
import { type Question, REFUSED, type RequestLedger, repliesTo } from './request-ledger.ts';
import { ASK } from './rules.ts';

export interface RespondingUserOptions extends ChaosUserOptions {
  readonly requests: RequestLedger;
  readonly dice: Dice;
}

/** A user that answers requests with the SDK. */
export class RespondingUser extends ChaosUser {
  readonly #options: RespondingUserOptions;

  constructor(options: RespondingUserOptions) {
    super(options);
    this.#options = options;
  }

  protected use(client: Client): void {
    respond(client.channel(ASK), ({ data }) => this.#answer(data as Question), {
      concurrency: 4,
      // Failures are part of the plan.
      onError: (error) => this.note(`responder: ${error.name}, ${error.message}`),
    });
  }

  async #answer(question: Question): Promise<unknown> {
    const { requests, dice } = this.#options;
    const problem = requests.executed(question);
    if (problem !== undefined) this.fault(problem);
    const { behaviour } = question;
    await pause(behaviour === 'slow' ? dice.whole(1_000, 4_000) : dice.whole(0, 20));
    if (behaviour === 'refuse') throw new ReplyError(REFUSED, 'as the requester wished');
    if (behaviour === 'throw') throw new Error('a responder that has a bug');
    const replies = repliesTo(question);
    return behaviour === 'stream' ? stream(replies) : replies[0];
  }
}

async function* stream(replies: readonly unknown[]): AsyncGenerator<unknown> {
  for (const reply of replies) {
    yield reply;
    await pause(1);
  }
}
