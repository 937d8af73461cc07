import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mintToken } from './mint.ts';
import { createVerifier, type Verifier } from './token.ts';

const URL_OF_SET = 'https://issuer.test/jwks.json';
const MINUTE = 60_000;

interface Signer {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: JWK;
}

function makeSigner(kid: string): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } };
}

const FIRST = makeSigner('first');
const SECOND = makeSigner('second');

/** An issuer and a clock that the test controls. */
class World {
  now = Date.UTC(2030, 0, 1);
  /** Milliseconds by which the wall clock was changed. */
  set = 0;
  fetches = 0;
  answer: (init: RequestInit | undefined) => Response | Promise<Response>;
  readonly verifier: Verifier;

  constructor(keys: readonly JWK[]) {
    this.answer = () => Response.json({ keys });
    this.verifier = createVerifier(
      { keys: [{ jwks: URL_OF_SET, algorithms: ['ES256'] }], clockTolerance: 5000 },
      {
        clock: () => this.now + this.set,
        monotonic: () => this.now,
        fetch: async (_, init) => {
          this.fetches += 1;
          return this.answer(init);
        },
      },
    );
  }

  publish(...keys: readonly JWK[]): void {
    this.answer = () => Response.json({ keys });
  }

  fail(): void {
    this.answer = () => {
      throw new TypeError('fetch failed');
    };
  }

  async verify({ privateKey, kid }: Signer, named = true): Promise<string> {
    const token = await mintToken({
      key: privateKey,
      algorithm: 'ES256',
      sub: 'ada',
      expiresIn: MINUTE,
      clock: () => this.now + this.set,
      ...(named ? { kid } : {}),
    });
    const result = await this.verifier.verify(token);
    return result.ok ? 'ok' : result.error;
  }
}

describe('a JWKS URL', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is fetched once for many tokens, even if they arrive at the same time', async () => {
    const world = new World([FIRST.jwk, SECOND.jwk]);
    const results = await Promise.all([FIRST, SECOND, FIRST].map((signer) => world.verify(signer)));
    expect(results).toEqual(['ok', 'ok', 'ok']);
    expect(world.fetches).toBe(1);
  });

  it('is not fetched for an algorithm that is not configured', async () => {
    const world = new World([FIRST.jwk]);
    const token = await mintToken({ secret: 'x'.repeat(32), algorithm: 'HS256', sub: 'a', expiresIn: MINUTE });
    expect(await world.verifier.verify(token)).toMatchObject({ error: 'token_algorithm' });
    expect(world.fetches).toBe(0);
  });

  it('is fetched again for an unknown kid', async () => {
    const world = new World([FIRST.jwk]);
    expect(await world.verify(FIRST)).toBe('ok');
    world.publish(FIRST.jwk, SECOND.jwk);
    world.now += 31_000;
    expect(await world.verify(SECOND)).toBe('ok');
    expect(world.fetches).toBe(2);
  });

  it('is not fetched more than once in 30 s for unknown kids', async () => {
    const world = new World([FIRST.jwk]);
    expect(await world.verify(FIRST)).toBe('ok');
    for (let at = 0; at < 5; at++) expect(await world.verify(SECOND)).toBe('token_key_unknown');
    expect(world.fetches).toBe(1);
    world.now += 30_000;
    for (let at = 0; at < 5; at++) expect(await world.verify(SECOND)).toBe('token_key_unknown');
    expect(world.fetches).toBe(2);
  });

  it.each([86_400_000, -86_400_000])('is fetched at the same rate when the wall clock changes by %i ms', async (by) => {
    const world = new World([FIRST.jwk]);
    expect(await world.verify(FIRST)).toBe('ok');
    world.set = by;
    expect(await world.verify(SECOND)).toBe('token_key_unknown');
    expect(world.fetches).toBe(1);
    world.publish(FIRST.jwk, SECOND.jwk);
    world.now += 30_000;
    expect(await world.verify(SECOND)).toBe('ok');
    expect(world.fetches).toBe(2);
  });

  it('is retried only after 30 s if no fetch has succeeded yet', async () => {
    const world = new World([]);
    world.fail();
    expect(await world.verify(FIRST)).toBe('keys_unavailable');
    expect(await world.verify(FIRST)).toBe('keys_unavailable');
    expect(world.fetches).toBe(1);
    world.publish(FIRST.jwk);
    world.now += 30_000;
    expect(await world.verify(FIRST)).toBe('ok');
  });

  it('uses the cached set, and refreshes it in the background, after 10 minutes', async () => {
    const world = new World([FIRST.jwk]);
    await world.verify(FIRST);
    world.now += 10 * MINUTE;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    world.answer = () => held.then(() => Response.json({ keys: [SECOND.jwk] }));
    expect(await world.verify(FIRST)).toBe('ok');
    expect(world.fetches).toBe(2);
    release();
    expect(await world.verify(SECOND)).toBe('ok');
    expect(await world.verify(FIRST)).toBe('token_key_unknown');
  });

  it('uses the cached set while the URL is down, and cannot verify a new kid', async () => {
    const world = new World([FIRST.jwk]);
    await world.verify(FIRST);
    world.fail();
    for (let hour = 0; hour < 3; hour++) {
      world.now += 60 * MINUTE;
      expect(await world.verify(FIRST)).toBe('ok');
    }
    expect(await world.verify(SECOND)).toBe('keys_unavailable');
  });

  it('tries all matching keys for a token without kid', async () => {
    const world = new World([FIRST.jwk, SECOND.jwk]);
    expect(await world.verify(SECOND, false)).toBe('ok');
    expect(await world.verify(makeSigner('third'), false)).toBe('token_signature');
  });

  it('ignores shared secrets in the set', async () => {
    const secrets = Array.from({ length: 100 }, (_, at) => ({ kty: 'oct', k: 'c2VjcmV0', kid: `secret ${at}` }));
    const world = new World([...secrets, FIRST.jwk]);
    expect(await world.verify(FIRST)).toBe('ok');
  });

  it('uses at most a hundred keys of a set', async () => {
    const others = Array.from({ length: 99 }, (_, at) => ({ ...FIRST.jwk, kid: `other ${at}` }));
    const world = new World([...others, FIRST.jwk, SECOND.jwk]);
    expect(await world.verify(FIRST)).toBe('ok');
    expect(await world.verify(SECOND)).toBe('token_key_unknown');
  });

  it('is not followed when it redirects: another program may listen at the other address', async () => {
    const listener = createServer((request, response) => {
      if (request.url === '/set') response.end(JSON.stringify({ keys: [FIRST.jwk] }));
      else response.writeHead(302, { location: '/set' }).end();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const token = await mintToken({
      key: FIRST.privateKey,
      algorithm: 'ES256',
      sub: 'a',
      expiresIn: MINUTE,
      kid: 'first',
    });
    const asked = (path: string) =>
      createVerifier({ keys: [{ jwks: base + path, algorithms: ['ES256'] }], clockTolerance: 0 }).verify(token);
    expect(await asked('/set')).toMatchObject({ ok: true });
    expect(await asked('/elsewhere')).toMatchObject({ error: 'keys_unavailable' });
    listener.close();
  });

  it.each<[string, () => Response]>([
    ['an error status', () => new Response('{"keys":[]}', { status: 500 })],
    ['no JSON', () => new Response('<html>')],
    ['no set', () => Response.json({ key: 1 })],
    ['null', () => Response.json(null)],
    ['more than 256 KiB', () => Response.json({ keys: [FIRST.jwk], padding: 'x'.repeat(256 * 1024) })],
  ])('rejects a response with %s', async (_, answer) => {
    const world = new World([]);
    world.answer = answer;
    expect(await world.verify(FIRST)).toBe('keys_unavailable');
  });

  it('times out after 5 s', async () => {
    const world = new World([]);
    const asked = new Promise<void>((resolve) => {
      world.answer = (init) => {
        resolve();
        return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
      };
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const result = world.verify(FIRST);
    await asked;
    await vi.advanceTimersByTimeAsync(5000);
    expect(await result).toBe('keys_unavailable');
  });

  it('removes its listeners, whether a fetch succeeds or not', async () => {
    const world = new World([FIRST.jwk]);
    const counts = { added: 0, removed: 0 };
    const { addEventListener, removeEventListener } = AbortSignal.prototype;
    vi.spyOn(AbortSignal.prototype, 'addEventListener').mockImplementation(function (this: AbortSignal, ...args) {
      counts.added++;
      addEventListener.apply(this, args as Parameters<typeof addEventListener>);
    });
    vi.spyOn(AbortSignal.prototype, 'removeEventListener').mockImplementation(function (this: AbortSignal, ...args) {
      counts.removed++;
      removeEventListener.apply(this, args as Parameters<typeof removeEventListener>);
    });
    for (let n = 0; n < 10; n++) {
      if (n === 5) world.fail();
      world.now += 11 * MINUTE;
      await world.verify(FIRST);
      await new Promise(setImmediate);
    }
    vi.restoreAllMocks();
    expect(world.fetches).toBe(10);
    expect(counts).toEqual({ added: 10, removed: 10 });
  });

  it('aborts a running fetch when it is closed', async () => {
    const world = new World([]);
    const asked = new Promise<void>((resolve) => {
      world.answer = (init) => {
        resolve();
        return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
      };
    });
    const result = world.verify(FIRST);
    await asked;
    world.verifier.close();
    expect(await result).toBe('keys_unavailable');
  });
});
