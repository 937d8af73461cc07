import type { ExpectMatcherState, MatcherReturnType } from '@playwright/test';
import type { TestGateway } from '@sluice/server/testing';

/** What a matcher claims about a gateway. */
export interface Claim {
  /** As it is written in the test. */
  readonly call: string;
  readonly expected: string;
  isSo(): boolean;
  /** What there is. */
  found(): string;
  /** Once it is so it stays so: `not` need not wait. */
  readonly final?: boolean;
}

/** Waits until the claim is as the test wants it, and words the verdict. */
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
