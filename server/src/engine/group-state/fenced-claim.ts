import type { Claim, GroupOptions } from '../groups.ts';

/** The answer to a claim that does not carry the fence of its group. */
export const fencedClaim = (epoch: string, { ackTimeout: wait }: GroupOptions): Claim => ({
  ...{ epoch, deliveries: [], gaps: [], wait, dead: 0, expired: 0, dropped: 0 },
  isFenced: true,
});
