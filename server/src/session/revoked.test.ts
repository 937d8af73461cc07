import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Identity } from '../auth/identity.ts';
import type { Verifier } from '../auth/token.ts';
import type { Revocation } from '../engine/revocations.ts';
import { ManualClock } from '../util/clock.ts';
import { Registry } from './registry.ts';
import { Revoked, withRevoked } from './revoked.ts';
import { Revoking } from './revoking.ts';

const NOW = 1_700_000_000_000;
const LATER = NOW + 1_000;

const identity = (more: Partial<Identity> = {}): Identity => ({
  user: 'ada',
  claims: {},
  capabilities: [],
  tokenId: 't1',
  issuedAt: NOW - 60_000,
  ...more,
});

function setUp(...revocations: Omit<Revocation, 'until'>[]) {
  const time = { now: NOW };
  const revoked = new Revoked(() => time.now);
  for (const revocation of revocations) revoked.add({ ...revocation, until: LATER });
  return { revoked, time };
}

describe('a revocation', () => {
  it.each<[Omit<Revocation, 'until'>, Partial<Identity>, boolean]>([
    [{ user: 'ada' }, {}, true],
    [{ user: 'ada' }, { user: 'bob' }, false],
    [{ jti: 't1' }, {}, true],
    [{ jti: 't1' }, { tokenId: 't2' }, false],
    [{ jti: 't1', user: 'bob' }, {}, false],
    [{ before: NOW }, {}, true],
    [{ before: NOW }, { issuedAt: NOW }, false],
    [{ before: NOW }, { issuedAt: NOW - 1 }, true],
    [{ user: 'ada', before: NOW }, { issuedAt: NOW + 1_000 }, false],
    [{ user: 'ada', before: NOW }, {}, true],
  ])('%j covers %j: %s', (revocation, more, covered) => {
    expect(setUp(revocation).revoked.covers(identity(more))).toBe(covered);
  });

  it('by time covers a token that does not say when it was issued', () => {
    const { issuedAt: _, ...undated } = identity();
    expect(setUp({ before: NOW }).revoked.covers(undated)).toBe(true);
  });

  it('covers nobody without a token', () => {
    expect(setUp({ before: NOW }).revoked.covers(ANONYMOUS)).toBe(false);
  });

  it('is over when its time has come', () => {
    const { revoked, time } = setUp({ user: 'ada' });
    time.now = LATER;
    expect(revoked.covers(identity())).toBe(false);
  });
});

it('the list covers what any one of its revocations covers, tidied or not', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const revocation = fc.record(
    { user: name, jti: name, before: fc.integer({ min: 0, max: 9 }), until: fc.integer({ min: 0, max: 20 }) },
    { requiredKeys: ['until'] },
  );
  const named = revocation.filter((one) => ['user', 'jti', 'before'].some((field) => field in one));
  const someone = fc.record({ user: name, tokenId: name, issuedAt: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(named, { maxLength: 8 }), someone, fc.nat(20), fc.boolean(), (list, who, now, tidied) => {
      const revoked = new Revoked(() => now);
      for (const one of list) revoked.add(one);
      if (tidied) revoked.tidy();
      const expected = list.some(
        (one) =>
          one.until > now &&
          (one.user === undefined || one.user === who.user) &&
          (one.jti === undefined || one.jti === who.tokenId) &&
          (one.before === undefined || who.issuedAt < one.before),
      );
      expect(revoked.covers(identity(who))).toBe(expected);
    }),
  );
});

it('a verifier refuses what was revoked, and nothing else', async () => {
  const { revoked } = setUp({ jti: 't1' });
  const verifier: Verifier = {
    verify: async (tokenId) => ({ ok: true, identity: identity({ tokenId }) }),
    close: () => {},
  };
  const careful = withRevoked(verifier, revoked);
  expect(await careful.verify('t1')).toMatchObject({ ok: false, error: 'token_revoked' });
  expect(await careful.verify('t2')).toMatchObject({ ok: true });
});

describe('revocations that are over', () => {
  it('are forgotten when another one comes after a minute, whatever they name', () => {
    const clock = new ManualClock();
    const revoked = new Revoked(() => clock.now());
    const revoking = new Revoking({
      revoked,
      registry: new Registry(),
      store: { add: () => {}, all: () => [], page: () => ({ revocations: [] }) },
    });
    const take = (revocation: Revocation) => revoking.take({ type: 'revoke', revocation });
    const until = clock.now() + 1_000;
    for (let n = 0; n < 1_000; n++)
      take(
        [
          { jti: `${n}`, until },
          { user: `${n}`, until },
          { jti: `${n}`, user: `${n}`, before: n, until },
        ][n % 3] as Revocation,
      );
    expect(revoked.size).toBe(1_000);
    clock.advance(60_000);
    take({ jti: 'last', until: until + 100_000 });
    expect(revoked.size).toBe(1);
  });

  it('are not searched for with each one that comes', () => {
    const clock = new ManualClock();
    let reads = 0;
    const revoked = new Revoked(() => {
      reads++;
      return clock.now();
    });
    const add = (n: number) => {
      revoked.tidy();
      revoked.add({ jti: `${n}`, until: clock.now() + 1_000 });
    };
    for (let n = 0; n < 1_000; n++) add(n);
    const before = reads;
    add(1_000);
    expect(reads - before).toBeLessThan(10);
  });
});

describe('a revocation that another one includes', () => {
  it.each<[string, Omit<Revocation, 'until'>, Omit<Revocation, 'until'>]>([
    ['by time', { before: 1 }, { before: 2 }],
    ['of a user, by time', { user: 'ada', before: 1 }, { user: 'ada', before: 2 }],
    ['of a token', { jti: 't1', user: 'ada' }, { jti: 't1' }],
  ])('takes no room: %s', (_, small, large) => {
    expect(setUp(small, large).revoked.size).toBe(1);
    expect(setUp(large, small).revoked.size).toBe(1);
  });

  it('stays if it lasts longer', () => {
    const revoked = new Revoked(() => NOW);
    revoked.add({ before: 1, until: LATER + 1 });
    revoked.add({ before: 2, until: LATER });
    expect(revoked.size).toBe(2);
  });
});
