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

    it('remembers a revocation once, however often it is added, and signals it every time', async () => {
      const revocation = { user: 'ada', before: bench().clock.now(), until: bench().clock.now() + 1_000 };
      for (let at = 0; at < 3; at++) await bench().engine.revocations.add({ ...revocation });
      await bench().engine.revocations.add({ ...revocation, user: 'ben' });
      expect((await bench().engine.revocations.all()).map(({ user }) => user).toSorted()).toEqual(['ada', 'ben']);
      await expect.poll(() => bench().signals).toHaveLength(4);
    });
  });
}
