import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../src/api.ts';
import type { SluiceError } from '../src/errors.ts';
import { restoreGlobals } from './support/connected-client.ts';
import { pass, turn } from './support/fake-gateway.ts';
import { TokenScenario } from './support/token-scenario.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let scenario: TokenScenario;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  scenario = new TokenScenario();
});

afterEach(restoreGlobals);

function errorsOf(client: Client): SluiceError[] {
  const errors: SluiceError[] = [];
  client.on('error', (error) => errors.push(error));
  return errors;
}

describe('an expiring token', () => {
  it.each([-365 * 24 * HOUR, -HOUR, -MINUTE, 0, MINUTE, HOUR, 365 * 24 * HOUR])(
    'is replaced before the gateway requests it, even if the clock is wrong by %i ms',
    async (skew) => {
      scenario.setClock(skew);
      await scenario.start();
      await scenario.pass(10 * MINUTE - 91_000);
      expect(scenario.reasons).toEqual(['connect']);
      await scenario.pass(2000);
      expect(scenario.reasons).toEqual(['connect', 'refresh']);
      await scenario.pass(HOUR);
      expect(scenario.connects).toHaveLength(1);
    },
  );

  it.each([
    [0, 120_000],
    [0.999, 60_000],
  ])('is replaced at a randomized time: %d', async (chance, ahead) => {
    vi.mocked(Math.random).mockReturnValue(1 - chance - 0.001);
    await scenario.start();
    await scenario.pass(10 * MINUTE - ahead - 2000);
    expect(scenario.reasons).toHaveLength(1);
    await scenario.pass(4000);
    expect(scenario.reasons).toHaveLength(2);
  });

  it.each([-HOUR, HOUR])('is replaced in time, once, if the clock is set by %i ms', async (jump) => {
    await scenario.start();
    await scenario.pass(MINUTE);
    scenario.setClock(jump);
    await scenario.pass(9 * MINUTE);
    expect(scenario.connects).toHaveLength(1);
    expect(scenario.asked.length).toBeGreaterThanOrEqual(2);
    expect(scenario.asked.length).toBeLessThanOrEqual(3);
  });

  it('can live longer than the longest timer', async () => {
    scenario.lifetime = 60 * 24 * HOUR;
    await scenario.start();
    await scenario.pass(MINUTE);
    expect(scenario.reasons).toEqual(['connect']);
  });

  it('is replaced without subscribing again', async () => {
    const client = await scenario.start();
    const states: string[] = [];
    client.channel('a').subscribe(() => {}, { onState: (state) => states.push(state) });
    await scenario.pass(30 * MINUTE);
    expect(scenario.reasons.length).toBeGreaterThan(2);
    expect([states, scenario.gateway.socket.sent('subscribe').length]).toEqual([['live'], 1]);
  });

  it('ends only the subscriptions that the next token does not allow', async () => {
    const client = await scenario.start();
    const [a, b] = ['a', 'b'].map((name) => client.channel(name).subscribe(() => {}, { onError: () => {} }));
    await scenario.pass(9 * MINUTE);
    scenario.gateway.socket.push({ type: 'unsubscribed', channel: 'a', reason: 'permission' });
    expect([a?.state, b?.state, client.state]).toEqual(['denied', 'live', 'connected']);
  });
});

describe('a push that requests a refresh', () => {
  it('is followed immediately, and ignored during a refresh', async () => {
    await scenario.start();
    for (let n = 0; n < 3; n++) scenario.gateway.socket.push({ type: 'refresh', expiresAt: 0 });
    await scenario.pass(0);
    scenario.gateway.socket.push({ type: 'refresh', expiresAt: 0 });
    await scenario.pass(0);
    expect(scenario.reasons).toEqual(['connect', 'refresh']);
  });

  it('does not refresh short-lived tokens faster than every three seconds', async () => {
    scenario.lifetime = 1000;
    await scenario.start();
    await scenario.pass(MINUTE);
    expect(scenario.asked.length).toBeLessThanOrEqual(21);
    expect(scenario.asked.length).toBeGreaterThan(5);
  });

  it('can follow every new token without causing a flood', async () => {
    scenario.lifetime = 500;
    await scenario.start();
    for (let n = 0; n < 60; n++) {
      scenario.gateway.socket.push({ type: 'refresh', expiresAt: 0 });
      await scenario.pass(1000);
    }
    expect(scenario.asked.length).toBeLessThanOrEqual(22);
  });
});

describe('a machine that slept longer than its token lived', () => {
  it.each(['dead', 'alive'])('gets a new token before it reconnects (the connection is %s)', async (connection) => {
    await scenario.start();
    scenario.silent = connection === 'dead';
    scenario.sleep(HOUR);
    await pass(connection === 'dead' ? 2000 : 1000);
    scenario.silent = false;
    await scenario.pass(10_000);
    expect(scenario.reasons).toEqual(['connect', 'refresh', ...(connection === 'dead' ? ['expired'] : [])]);
    expect(scenario.connects).toHaveLength(connection === 'dead' ? 2 : 1);
    expect(scenario.expiredConnects).toEqual([]);
  });

  it('gets a new token before the next attempt if it slept without a connection', async () => {
    await scenario.start();
    scenario.gateway.socket.drop();
    scenario.sleep(HOUR);
    await scenario.pass(10_000);
    expect(scenario.reasons).toEqual(['connect', 'expired']);
    expect(scenario.expiredConnects).toEqual([]);
  });
});

describe('a token function that returns nothing new', () => {
  it.each(['same', 'fail', 'empty', 'hang'] as const)(
    'is called again with growing pauses while the connection stays open (%s)',
    async (answer) => {
      const client = await scenario.start();
      const errors = errorsOf(client);
      scenario.answers = () => answer;
      await scenario.pass(9 * MINUTE - 1000);
      expect(errors.length).toBeGreaterThan(1);
      for (const error of errors) {
        expect(error).toMatchObject({ name: 'token_failed', cause: expect.any(Error) });
        expect(error.message).not.toContain('jwt');
      }
      expect(scenario.asked.length).toBeLessThan(10);
      scenario.answers = () => 'ok';
      await scenario.pass(HOUR);
      expect([client.state, scenario.connects.length]).toEqual(['connected', 1]);
    },
  );

  it('does not connect with a token that was refused as expired, and shows that it waits', async () => {
    const client = await scenario.start();
    const errors = errorsOf(client);
    const waits: (number | undefined)[] = [];
    client.on('state', ({ state, retryIn }) => state === 'waiting' && waits.push(retryIn));
    scenario.answers = () => 'same';
    scenario.gateway.socket.drop(4100, 'token_expired');
    await scenario.pass(8000);
    expect(scenario.connects).toHaveLength(1);
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000]);
    expect(errors.map(({ name }) => name)).toEqual(Array(5).fill('token_failed'));
  });

  it('is called again if it returns an expired token for an open connection', async () => {
    const client = await scenario.start();
    const errors = errorsOf(client);
    scenario.answers = () => 'expired';
    await scenario.pass(9 * MINUTE - 25_000);
    scenario.answers = () => 'ok';
    await scenario.pass(HOUR);
    expect(errors.length).toBeGreaterThan(0);
    expect(new Set(errors.map(({ name }) => name))).toEqual(new Set(['token_expired']));
    expect(scenario.connects).toHaveLength(1);
  });

  it('times out, and its late answer is ignored', async () => {
    await scenario.start();
    scenario.answers = () => 'hang';
    await scenario.pass(9 * MINUTE);
    scenario.answers = () => 'ok';
    await scenario.pass(MINUTE - 5000);
    const good = scenario.gateway.socket.last('refresh').token;
    const sent = scenario.gateway.socket.sent('refresh').length;
    scenario.release();
    await turn();
    expect([scenario.gateway.socket.last('refresh').token, scenario.gateway.socket.sent('refresh').length]).toEqual([
      good,
      sent,
    ]);
  });

  it('is ignored if it answers after the client was closed and reconnected', async () => {
    scenario.answers = () => 'hang';
    const client = scenario.client;
    void client.connect().catch(() => {});
    await turn();
    client.close();
    scenario.answers = () => 'ok';
    void client.connect();
    scenario.release();
    await scenario.pass(1000);
    expect(scenario.connects).toEqual([expect.stringContaining('jwt 2')]);
    client.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('asks for one token at a time, not too often, and never connects with a token that is known to be expired', async () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3 * MINUTE }) }),
    fc.record({ what: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: 20 * MINUTE }) }),
    fc.record({ what: fc.constant('clock' as const), ms: fc.integer({ min: -HOUR, max: HOUR }) }),
    fc.record({ what: fc.constantFrom('drop', 'push', 'expire') }),
  );
  const answer = fc.constantFrom('ok', 'ok', 'ok', 'fail', 'hang', 'same', 'expired', 'empty');
  const life = fc.record({
    steps: fc.array(step, { maxLength: 12 }),
    answers: fc.array(answer, { minLength: 1, maxLength: 8 }),
    lifetime: fc.constantFrom(3000, MINUTE, 5 * MINUTE, HOUR),
    skew: fc.integer({ min: -HOUR, max: HOUR }),
  });
  await fc.assert(
    fc.asyncProperty(life, async ({ steps, answers, lifetime, skew }) => {
      scenario = new TokenScenario();
      scenario.lifetime = lifetime;
      scenario.setClock(skew);
      await scenario.start();
      scenario.answers = (n) => answers[n % answers.length] ?? 'ok';
      for (const step of steps) {
        if (step.what === 'pass') await scenario.pass(step.ms);
        else if (step.what === 'sleep') scenario.sleep(step.ms);
        else if (step.what === 'clock') {
          // A user at the machine, not just before or after a sleep.
          await scenario.pass(1000);
          scenario.setClock(step.ms);
          await scenario.pass(1000);
        } else if (step.what === 'push') scenario.gateway.socket.push({ type: 'refresh', expiresAt: 0 });
        else
          scenario.gateway.socket.drop(step.what === 'drop' ? 1006 : 4100, step.what === 'drop' ? '' : 'token_expired');
      }
      scenario.answers = () => 'ok';
      await scenario.pass(MINUTE);
      scenario.client.close();
      expect(scenario.expiredConnects).toEqual([]);
      expect(scenario.overlaps).toBe(0);
      expect(scenario.mostPerMinute).toBeLessThanOrEqual(45);
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 40 },
  );
});
