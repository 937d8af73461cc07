import type { ErrorBody, Position } from '@sluice/protocol';
import { EngineUnavailable, HeadMoved } from '../engine/engine.ts';
import { Refusal } from '../refusal.ts';
import { CLIENT_RETRY } from './budgets.ts';

/** The head of the log is not where the publish expects it. */
class ConflictRefusal extends Refusal {
  readonly #head: Position;

  constructor({ message, head }: HeadMoved) {
    super('conflict', message);
    this.#head = head;
  }

  override get body(): ErrorBody {
    return { ...super.body, head: this.#head };
  }
}

/**
 * An engine that is away or full is an expected "no".
 *
 * @throws every other error: it is a bug
 */
export function refuseUnavailable(error: unknown): Refusal {
  if (error instanceof HeadMoved) return new ConflictRefusal(error);
  if (error instanceof EngineUnavailable) return new Refusal(error.error, error.message, CLIENT_RETRY);
  throw error;
}
