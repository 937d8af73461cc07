import { describe, expect, it } from 'vitest';
import { GroupLedger, type Letter } from '../src/work/group-ledger.ts';
import type { GroupPlan } from '../src/work/rules.ts';

const PLAN: GroupPlan = {
  channel: 'work:a',
  group: 'queue',
  orderOf: (n) => `${n % 2}`,
  maxDeliveries: 3,
  mayDie: true,
};

/** A ledger at a time that a test can change, and its consumer. */
function start(plan: Partial<GroupPlan> = {}) {
  const clock = { now: 0 };
  const ledger = new GroupLedger({ ...PLAN, ...plan }, () => clock.now);
  const holder = {};
  /** A delivery of the message with this offset and number; it expires 1,000 ms later. */
  const receive = (offset: number, attempt = 1, epoch = 'e') =>
    ledger.received({
      ...{ id: `${epoch}${offset}.${attempt}`, n: offset, attempt, epoch, offset, holder },
      deadline: clock.now + 1_000,
    });
  const settle = (kind: 'ack' | 'nack' | 'dead', ...ids: string[]) => ledger.settles(kind, ids);
  const accept = (kind: 'ack' | 'nack' | 'dead', ...ids: string[]) => ledger.answered(settle(kind, ...ids), []);
  return { clock, ledger, holder, receive, settle, accept };
}

const published = (...offsets: number[]) => offsets.map((offset) => ({ epoch: 'e', offset, n: offset }));
const letter = (offset: number, reason = 'max_deliveries', deliveries = 3): Letter => ({
  ...{ epoch: 'e', offset, reason, deliveries },
});

describe('a settlement that was accepted is final', () => {
  it.each(['ack', 'dead'] as const)('reports a later delivery after a %s', (kind) => {
    const { receive, accept } = start();
    expect(receive(1)).toBeUndefined();
    accept(kind, 'e1.1');
    expect(receive(1, 2)).toMatch(/work:a queue: message 1 at e\/1: delivery 2 came after the .* had been accepted/);
  });

  it('accepts an earlier delivery that was on its way for long', () => {
    const { receive, accept } = start();
    receive(1, 2);
    accept('ack', 'e1.2');
    expect(receive(1, 1)).toBeUndefined();
  });

  it('accepts a later delivery after a nack, after an ack that was refused, and in another epoch', () => {
    const { clock, ledger, receive, settle, accept } = start();
    receive(1);
    accept('nack', 'e1.1');
    expect(receive(1, 2)).toBeUndefined();
    clock.now = 1_000;
    ledger.answered(settle('ack', 'e1.2'), ['e1.2']);
    expect(receive(1, 3)).toBeUndefined();
    accept('ack', 'e1.3');
    expect(receive(1, 1, 'f')).toBeUndefined();
    expect(ledger).toMatchObject({ deliveries: 4, redeliveries: 2, settled: 2 });
  });

  it('applies an answer to those that were not expired, whatever else was settled with them', () => {
    const { clock, ledger, receive, settle } = start();
    receive(1);
    receive(2);
    ledger.answered(settle('ack', 'unknown', 'e1.1', 'e2.1'), ['e1.1']);
    clock.now = 1_000;
    expect(receive(1, 2)).toBeUndefined();
    expect(receive(2, 2)).toMatch(/had been accepted/);
  });
});

describe('a message is at one consumer at a time', () => {
  it('reports a delivery before the one before it has expired', () => {
    const { clock, receive } = start();
    receive(1);
    clock.now = 900;
    expect(receive(1, 2)).toMatch(/delivery 2 came 100 ms before delivery 1 expires/);
  });

  it('reports a delivery before the extended end of the one before it', () => {
    const { clock, ledger, receive } = start();
    receive(1);
    ledger.extended(['e1.1'], 2_000);
    clock.now = 1_500;
    expect(receive(1, 2)).toMatch(/500 ms before/);
  });

  it('compares with the latest delivery, not with one that arrived late', () => {
    const { clock, ledger, receive } = start();
    receive(1, 2);
    clock.now = 900;
    receive(1, 1);
    ledger.extended(['e1.1'], 9_000);
    clock.now = 1_000;
    expect(receive(1, 3)).toBeUndefined();
  });

  it('reports the same delivery twice', () => {
    const { receive } = start();
    receive(1);
    expect(receive(1)).toMatch(/came twice/);
  });

  it('accepts it after a nack, after it has expired, and if the connection was lost', () => {
    const { clock, ledger, holder, receive, settle } = start();
    receive(1);
    settle('nack', 'e1.1');
    expect(receive(1, 2)).toBeUndefined();
    clock.now = 1_000;
    expect(receive(1, 3)).toBeUndefined();
    ledger.lost(holder);
    expect(receive(1, 4)).toBeUndefined();
    ledger.lost({});
    expect(receive(1, 5)).toMatch(/before delivery 4 expires/);
  });

  it('reports a delivery although an ack is on its way', () => {
    const { receive, settle } = start();
    receive(1);
    settle('ack', 'e1.1');
    expect(receive(1, 2)).toMatch(/before delivery 1 expires/);
  });
});

describe('an order', () => {
  it.each(['ack', 'dead'] as const)('is kept if the message before was settled by %s', (kind) => {
    const { ledger, receive, settle } = start();
    receive(1);
    settle(kind, 'e1.1'); // without an answer: it may have been carried out
    receive(3);
    expect(ledger.disorder()).toEqual([]);
  });

  it('is broken if the message before was not settled, or too late, or in vain', () => {
    for (const between of [
      () => {},
      ({ settle }: ReturnType<typeof start>) => settle('nack', 'e1.1'),
      ({ ledger, settle }: ReturnType<typeof start>) => ledger.answered(settle('ack', 'e1.1'), ['e1.1']),
    ]) {
      const run = start();
      run.receive(1);
      between(run);
      run.receive(3);
      run.settle('ack', 'e1.1');
      expect(run.ledger.disorder()).toEqual([
        'work:a queue: message 3 at e/3: was delivered before message 1 at e/1 was settled',
      ]);
    }
  });

  it('concerns messages of one value and one epoch, in the order of their offsets', () => {
    const { ledger, receive, settle } = start();
    receive(1);
    receive(2);
    receive(1, 1, 'f');
    expect(ledger.disorder()).toEqual([]);
    settle('ack', 'e1.1');
    receive(5);
    receive(3);
    expect(ledger.disorder()).toHaveLength(1);
  });

  it('is not checked for a group without one', () => {
    const { ledger, receive } = start({ orderOf: undefined });
    receive(1);
    receive(3);
    expect(ledger.disorder()).toEqual([]);
  });
});

describe('at the end', () => {
  it('every message is acknowledged or dead', () => {
    const { ledger, receive, settle, accept } = start();
    for (const offset of [1, 2, 3]) receive(offset);
    accept('ack', 'e1.1');
    settle('ack', 'e2.1'); // without an answer
    accept('dead', 'e3.1');
    const letters = [letter(3, 'rejected', 1), letter(4)];
    expect(ledger.lostMessages(published(1, 2, 3, 4), letters)).toEqual([]);
    expect(ledger.wrongLetters(letters)).toEqual([]);
  });

  it.each<[string, (run: ReturnType<typeof start>) => void, RegExp]>([
    ['that nobody received', () => {}, /is lost: neither acknowledged nor dead, after no settlement/],
    ['that nobody settled', ({ receive }) => receive(1), /after no settlement/],
    [
      'that was only given back',
      ({ receive, accept }) => [receive(1), accept('nack', 'e1.1')],
      /nack of delivery 1 accepted/,
    ],
    [
      'whose ack was refused',
      ({ receive, ledger, settle }) => [receive(1), ledger.answered(settle('ack', 'e1.1'), ['e1.1'])],
      /ack of delivery 1 refused/,
    ],
    [
      'that should be dead',
      ({ receive, accept }) => [receive(1), accept('dead', 'e1.1')],
      /dead of delivery 1 accepted/,
    ],
  ])('reports a message %s', (_, prepare, complaint) => {
    const run = start();
    prepare(run);
    expect(run.ledger.lostMessages(published(1), []).join()).toMatch(complaint);
  });

  it.each<[string, Letter, (run: ReturnType<typeof start>) => void, RegExp]>([
    [
      'that was acknowledged',
      letter(1),
      ({ receive, accept }) => [receive(1), accept('ack', 'e1.1')],
      /its ack was accepted/,
    ],
    ['that nobody rejected', letter(1, 'rejected', 1), ({ receive }) => receive(1), /was rejected by nobody/],
    [
      'whose rejection was refused',
      letter(1, 'rejected', 1),
      ({ receive, ledger, settle }) => [receive(1), ledger.answered(settle('dead', 'e1.1'), ['e1.1'])],
      /was rejected by nobody/,
    ],
    [
      'that died too early',
      letter(1, 'max_deliveries', 2),
      ({ receive }) => receive(1),
      /is dead by max_deliveries after 2 deliveries/,
    ],
  ])('reports a dead letter %s', (_, dead, prepare, complaint) => {
    const run = start();
    prepare(run);
    expect(run.ledger.wrongLetters([dead]).join()).toMatch(complaint);
  });

  it('reports a dead letter of a group whose messages never die, and one that is dead twice', () => {
    expect(start({ maxDeliveries: 0 }).ledger.wrongLetters([letter(1, 'max_deliveries', 0)])).toHaveLength(1);
    expect(start().ledger.wrongLetters([letter(1, 'overflow')])).toHaveLength(1);
    expect(
      start()
        .ledger.wrongLetters([letter(1), letter(1)])
        .join(),
    ).toMatch(/is dead twice/);
  });
});
