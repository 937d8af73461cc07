import { EngineUnavailable } from '../engine/engine.ts';
import { Refusal } from '../refusal.ts';
import { CLIENT_RETRY } from './budgets.ts';

/**
 * An engine that is away or full is an expected "no".
 *
 * @throws every other error: it is a bug
 */
export function refuseUnavailable(error: unknown): Refusal {
  if (error instanceof EngineUnavailable) return new Refusal(error.error, error.message, CLIENT_RETRY);
  throw error;
}
