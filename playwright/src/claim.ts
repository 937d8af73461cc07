import type { ExpectMatcherState, MatcherReturnType } from '@playwright/test';
import type { TestGateway } from '@sluice/server/testing';

/** An assertion about a gateway. */
export interface Claim {
  /** The call as written in the test. */
  readonly call: string;
  readonly expected: string;
  holds(): boolean;
  /** The actual state. */
  found(): string;
  /** Whether the assertion stays true once it is: then `not` need not wait. */
  readonly final?: boolean;
}

/** Waits until the assertion holds, or no longer holds with `not`, and returns the matcher's result. */
export async function checkClaim(
  { isNot, timeout: usualTimeout }: ExpectMatcherState,
  gateway: TestGateway,
  claim: Claim,
  { timeout = usualTimeout }: { timeout?: number },
): Promise<MatcherReturnType> {
  const wait = isNot && claim.final === true ? 0 : timeout;
  const reached = await gateway
    .until(claim.expected, () => claim.holds() !== isNot, { timeout: wait })
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
    `Waited:   ${wait} ms`,
  ];
  return { pass: reached !== isNot, message: () => lines.join('\n') };
}
