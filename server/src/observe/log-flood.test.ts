import { ERRORS, type ErrorName } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { tokenFor } from '../../test/support/tokens.ts';
import { createWorld, type World } from '../../test/support/world.ts';
import { EventBus, type Events } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import { createLogger, logEvents } from './log.ts';

type Line = Record<string, unknown> & { msg: string; leftOut?: number };

/** A log at level trace, and its lines. */
function createLog() {
  const written: string[] = [];
  const log = createLogger({ level: 'trace', format: 'json', destination: { write: (line) => written.push(line) } });
  const lines = (): Line[] => written.map((line) => JSON.parse(line) as Line);
  return { log, written, lines };
}

const LONG = '\u0000x'.repeat(8_000);
const error = Object.assign(new Error(LONG), { cause: new Error(LONG) });

const START = { epoch: LONG, offset: 0 };

/** Every event that a peer can cause, with texts as long as a peer can make them. */
const EVENTS: { [Name in keyof Events]?: Events[Name] } = {
  connectionOpened: { connection: 'c', address: LONG, protocol: LONG },
  authenticated: { connection: 'c', user: LONG, client: LONG },
  connectionClosed: { connection: 'c', user: LONG, code: 4_999, reason: LONG, duration: 1 },
  subscribed: { connection: 'c', channel: LONG, log: LONG, start: START },
  unsubscribed: { connection: 'c', channel: LONG, log: LONG, end: START, reason: 'asked' },
  replaying: { connection: 'c', channel: LONG, cause: 'start' },
  overflowed: { connection: 'c', cursors: 3 },
  gap: { connection: 'c', channel: LONG, from: START, to: START, reason: 'retention', policy: 'replay', latest: 0 },
  refused: { connection: 'c', command: LONG, error: 'channel_invalid', detail: LONG },
  rejected: { what: 'handshake', address: LONG, error: 'origin_refused', detail: LONG },
  request: { method: LONG, path: LONG, status: 404, duration: 1 },
  fault: { where: LONG, error },
  descriptorsLow: { open: 1, limit: 1 },
  descriptorsAmple: { open: 1, limit: 1 },
};
const names = Object.keys(EVENTS) as (keyof Events)[];

function setUp() {
  const clock = new ManualClock();
  const events = new EventBus();
  const all = createLog();
  logEvents(events, all.log, clock);
  return { clock, events, ...all };
}

describe('log lines about services of the operator', () => {
  const detail = 'x'.repeat(1_500);
  const bridge = { bridge: 'b', system: 'redis', direction: 'in' } as const;
  it.each<[keyof Events, object, string]>([
    ['bridgeMoved', { ...bridge, state: 'waiting', error: detail }, 'error'],
    ['bridgeCounted', { bridge: 'b', outcome: 'skipped', count: 1, why: detail }, 'why'],
    ['hookFailed', { hook: 'h', kind: 'publish', failure: 'invalid', detail }, 'detail'],
    ['webhookFailed', { webhook: 'w', failure: 'status', detail, failures: 1 }, 'detail'],
  ])('say all that is known: %s', (name, event, field) => {
    const { events, lines } = setUp();
    events.emit(name, event as never);
    expect(lines().at(-1)?.[field]).toBe(detail);
    events.emit(name, { ...event, [field]: 'y'.repeat(100_000), hook: 'i', webhook: 'i', bridge: 'i' } as never);
    expect(String(lines().at(-1)?.[field]).length).toBeLessThanOrEqual(2_001);
  });
});

describe('log lines about a refusal', () => {
  const group = { channel: 'a', group: 'g', target: 'dead', offset: 1 };
  it.each<[keyof Events, object, ErrorName, boolean]>([
    ['refused', { connection: 'c', command: 'publish' }, 'payload_invalid', false],
    ['refused', { connection: 'c', command: 'publish' }, 'command_invalid', false],
    ['refused', { connection: 'c', command: 'publish' }, 'permission_denied', true],
    ['deadLetterRefused', group, 'payload_invalid', false],
    ['deadLetterRefused', group, 'payload_too_large', true],
  ])('have its detail unless that may quote a message: %s %j, %s', (name, event, error, isShown) => {
    const { events, lines, written } = setUp();
    events.emit(name, { ...event, error, detail: 'data.hunter2: must be a number' } as never);
    expect(lines().at(-1)).toMatchObject({ error });
    expect(written.join().includes('hunter2')).toBe(isShown);
  });
});

describe('log lines that a peer can cause', () => {
  it.each(names)('is bounded, however often "%s" happens', (name) => {
    const { clock, events, written, lines } = setUp();
    for (let n = 0; n < 1_000; n++) events.emit(name, EVENTS[name] as never);
    const direct = written.length;
    expect(direct).toBeLessThanOrEqual(20);
    clock.advance(1_000);
    expect(written.length).toBe(direct + 1);
    expect(lines().at(-1)).toMatchObject({ leftOut: 1_000 - direct });
    for (const line of lines()) {
      for (const value of Object.values(line))
        if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(100);
    }
    expect(Math.max(...written.map((line) => line.length))).toBeLessThan(10_000);
  });

  it('is one line per reason at the levels of a running gateway', () => {
    const { events, lines } = setUp();
    const reasons = Object.keys(ERRORS) as ErrorName[];
    for (let n = 0; n < 50; n++) {
      for (const reason of reasons) {
        events.emit('rejected', { what: 'handshake', address: `10.0.0.${n}`, error: reason, detail: '' });
        events.emit('refused', { connection: `c${n}`, command: 'publish', error: reason, detail: '' });
      }
    }
    const loud = lines().filter(({ level }) => Number(level) >= 30);
    expect(loud).toHaveLength(reasons.length * 2 - 1); // "rate_limited" of commands is logged at debug only
  });

  it('have no separate line for close codes that a client invents', () => {
    const { clock, events, written } = setUp();
    for (let code = 3_000; code < 5_000; code++)
      events.emit('connectionClosed', { connection: 'c', user: null, code, reason: '', duration: 0 });
    const known = Object.values(ERRORS).filter(({ code }) => code < 4_300).length;
    clock.advance(1_000);
    expect(written.length).toBeLessThanOrEqual(known + 20 + 1);
  });

  it('is counted to the end', () => {
    const { clock, events, lines } = setUp();
    for (let n = 0; n < 7; n++)
      events.emit('rejected', { what: 'handshake', address: '', error: 'origin_refused', detail: '' });
    events.emit('stopped', {});
    expect(lines().map(({ msg, leftOut }) => [msg, leftOut])).toEqual([
      ['handshake rejected', undefined],
      ['handshake rejected: more of the same in the last second', 6],
      ['gateway stopped', undefined],
    ]);
    expect(clock.running).toBe(0);
  });

  it('costs nothing where the level is off', () => {
    const clock = new ManualClock();
    const events = new EventBus();
    logEvents(events, createLogger({ level: 'silent', format: 'json' }), clock);
    for (const name of names) events.emit(name, EVENTS[name] as never);
    expect(clock.running).toBe(0);
  });

  it('keep the whole stack of a fault', () => {
    const { events, lines } = setUp();
    events.emit('fault', { where: 'here', error });
    expect(lines()[0]?.err).toMatchObject({
      type: 'Error',
      message: expect.stringContaining('x'),
      stack: expect.stringContaining('log-flood.test.ts'),
    });
  });
});

describe('a whole gateway', () => {
  const attacks: Record<string, (world: World, n: number) => unknown> = {
    'handshakes of foreign pages': (world, n) => world.open({ origin: `https://${'e'.repeat(3_300)}${n}.example` }),
    'unknown subprotocols': (world, n) => world.open({ protocols: [`p${n}`] }),
    'bad tokens': (world, n) => world.open().client.send({ type: 'connect', token: `${LONG}${n}` }),
    'frames that cannot be read': (world, n) => world.open().client.sendBytes(`{${LONG}${n}`),
    'commands before connect': (world, n) => world.open().client.send({ type: 'history', channel: `chat:${n}` }),
    'invalid commands': (world, n) => world.open().client.sendValue({ type: `${LONG}${n}`, id: 1 }),
    'addresses that do not exist': (world, n) => world.transport.request({ path: `/${LONG}${n}` }),
    'odd methods': (world, n) => world.transport.request({ method: `M${n}`, path: '/metrics' }),
    'bad credentials': (world, n) =>
      world.transport.request({
        method: 'POST',
        path: '/api/v1/publish',
        headers: { authorization: `Bearer ${n}${LONG}`, 'user-agent': LONG },
      }),
  };

  it.each(Object.entries(attacks))('writes little about %s', async (_, attack) => {
    const { log, written, lines } = createLog();
    const world = await createWorld({}, { log });
    const before = written.length;
    for (let n = 0; n < 200; n++) await attack(world, n);
    await world.idle();
    world.clock.advance(1_000);
    const own = lines().slice(before);
    const kinds = new Set(
      own.map(({ msg, reason, error, status, code }) => `${msg} ${reason} ${error} ${status} ${code}`),
    );
    expect(kinds.size).toBeLessThan(12);
    expect(own.length).toBeLessThan(100);
    expect(written.slice(before).join('').length).toBeLessThan(100_000);
    expect(own.length).toBeGreaterThan(1);
  });

  it('does not flood the log with what one connection is refused', async () => {
    const { log, written, lines } = createLog();
    const world = await createWorld({}, { log });
    const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    const before = written.length;
    for (let n = 0; n < 150; n++) client.send({ type: 'publish', channel: `user:ben${n}`, data: 1 });
    await world.idle();
    world.clock.advance(1_000);
    const refused = lines().slice(before);
    expect(refused.map(({ error: name, reason, leftOut }) => [name ?? reason, leftOut])).toEqual([
      ['permission_denied', undefined],
      ['permission_denied', 149],
    ]);
  });
});
