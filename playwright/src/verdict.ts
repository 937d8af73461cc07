import type { ExpectMatcherState, MatcherReturnType } from '@playwright/test';
import type { TestGateway } from '@sluice/server/testing';

/** An assertion about a gateway. */
export interface Claim {
  /** The call as written in the test. */
  readonly call: string;
  readonly expected: string;
  isSo(): boolean;
  /** The actual state. */
  found(): string;
  /** Whether the assertion stays true once it is: then `not` need not wait. */
  readonly final?: boolean;
}

/** Waits until the assertion holds, or no longer holds with `not`, and returns the matcher's result. */
export async function judge(
  { isNot, timeout: usual }: ExpectMatcherState,
  gateway: TestGateway,
  claim: Claim,
  { timeout = usual }: { timeout?: number },
): Promise<MatcherReturnType> {
  const patience = isNot && claim.final === true ? 0 : timeout;
  const reached = await gateway
    .until(claim.expected, () => claim.isSo() !== isNot, { timeout: patience })
    .then(
      () => true,
      () => false,
    );
  const not = isNot ? 'not ' : '';
  const lines = [
    claim.call,
    '',
    `Expected: ${not}${claim.expected}`,
    `Received: ${claim.found()}`,
    `Waited:   ${patience} ms`,
  ];
  return { pass: reached !== isNot, message: () => lines.join('\n') };
}
