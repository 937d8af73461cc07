import { chain } from '../util/now-or-later.ts';
import type { PublishStep } from './publish-steps.ts';

/**
 * Joins steps into one that carries out all of them, one after the other, also after one has failed:
 * the message is in its log, so what follows from that must happen. The first failure decides.
 */
export const carryOutAll = (steps: readonly PublishStep[]): PublishStep =>
  steps.reduce((first, second) => both(first, second));

function both(first: PublishStep, second: PublishStep): PublishStep {
  return (publication, services) => {
    let verdict: ReturnType<PublishStep>;
    try {
      verdict = first(publication, services);
    } catch (error) {
      return chain(second(publication, services), () => fail(error));
    }
    if (verdict === null) return second(publication, services);
    return chain(
      verdict,
      (late) => chain(second(publication, services), (then) => late ?? then),
      (error) => chain(second(publication, services), () => fail(error)),
    );
  };
}

function fail(error: unknown): never {
  throw error;
}
