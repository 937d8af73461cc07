import { describe, expect, it } from 'vitest';
import type { EngineBench } from './engine-bench.ts';

/** Revocations and their signals. */
export function testRevocations(bench: () => EngineBench): void {
  describe('revocations', () => {
    it('are in force until they are over, and are signalled', async () => {
      const until = bench().clock.now() + 1_000;
      const ada = { user: 'ada', before: bench().clock.now(), until };
      const token = { jti: 'token 7', until: until + 1_000 };
      await bench().engine.revocations.add(ada);
      await bench().engine.revocations.add(token);
      await expect
        .poll(() => bench().signals)
        .toEqual([
          { type: 'revoke', revocation: ada },
          { type: 'revoke', revocation: token },
        ]);
      expect(new Set(await bench().engine.revocations.all())).toEqual(new Set([ada, token]));
      bench().clock.advance(1_000);
      expect(await bench().engine.revocations.all()).toEqual([token]);
      bench().clock.advance(1_000);
      expect(await bench().engine.revocations.all()).toEqual([]);
    });

    it('are read page by page, those that end first come first', async () => {
      const { engine, clock } = bench();
      const now = clock.now();
      const pages = async (limit: number, whileReading: (page: number) => unknown = () => {}) => {
        const found: (string | undefined)[][] = [];
        for (let after: string | undefined = ''; after !== undefined; ) {
          const { revocations, next } = await engine.revocations.page(after, limit);
          found.push(revocations.map(({ user }) => user));
          await whileReading(found.length);
          after = next;
        }
        return found;
      };
      expect(await pages(2)).toEqual([[]]);
      const add = (user: string, life: number) => engine.revocations.add({ user, before: now, until: now + life });
      for (const [user, life] of [
        ['d', 4_000],
        ['a', 1_000],
        ['c', 3_000],
        ['b', 2_000],
      ] as const)
        await add(user, life);
      expect(await pages(4)).toEqual([['a', 'b', 'c', 'd']]);
      expect(await pages(3)).toEqual([['a', 'b', 'c'], ['d']]);
      // One that ends meanwhile repeats none and hides none, also if the page before has ended with it.
      const meanwhile = async (page: number) => {
        if (page !== 1) return;
        clock.advance(2_000);
        await add('e', 5_000);
      };
      expect(await pages(2, meanwhile)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
      for (const user of ['x', 'y', 'z']) await add(user, 5_000); // at the same time as "e"
      const same = await pages(1);
      expect(same).toHaveLength(6);
      expect(same.flat().toSorted()).toEqual(['c', 'd', 'e', 'x', 'y', 'z']);
    });

    it('remembers a revocation once, however often it is added, and signals it every time', async () => {
      const revocation = { user: 'ada', before: bench().clock.now(), until: bench().clock.now() + 1_000 };
      for (let at = 0; at < 3; at++) await bench().engine.revocations.add({ ...revocation });
      await bench().engine.revocations.add({ ...revocation, user: 'ben' });
      expect((await bench().engine.revocations.all()).map(({ user }) => user).toSorted()).toEqual(['ada', 'ben']);
      await expect.poll(() => bench().signals).toHaveLength(4);
    });
  });
}
