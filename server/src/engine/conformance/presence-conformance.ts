import { afterEach, beforeEach, describe } from 'vitest';
import { type PresenceBench, PresenceUse } from './presence-bench.ts';
import { testGrace } from './presence-grace.ts';
import { testLists } from './presence-lists.ts';
import { testMembership } from './presence-membership.ts';
import { testPresenceModel } from './presence-model.ts';

/**
 * The suite that every presence store must pass: the requirements of `engine/presence.ts`.
 *
 * @param options `runs` of the property test: fewer if a store is remote
 */
export function presenceConformance(
  name: string,
  create: () => PresenceBench | Promise<PresenceBench>,
  { runs = 200 }: { runs?: number } = {},
): void {
  describe(`presence on ${name}`, () => {
    let current: PresenceUse;
    const use = () => current;

    beforeEach(async () => {
      current = await new PresenceUse(await create()).start();
    });
    afterEach(() => current.store.close());

    testMembership(use);
    testGrace(use);
    testLists(use);
    testPresenceModel(create, runs);
  });
}
