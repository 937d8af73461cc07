/**
 * Runs all steps, one after the other, also those after a step that fails.
 *
 * @throws what the failed steps threw, when all have run
 */
export async function runAll(steps: Iterable<() => unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  throwIfAny(failures);
}

/**
 * Waits for all, also if one of them fails.
 *
 * @throws what those that failed threw, when all have ended
 */
export async function waitForAll(work: Iterable<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  throwIfAny(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])));
}

function throwIfAny(failures: readonly unknown[]): void {
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(messageOf).join('; '));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
