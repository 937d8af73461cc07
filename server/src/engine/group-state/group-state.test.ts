import { describe, expect, it } from 'vitest';
import { OPTIONS } from '../conformance/groups-bench.ts';
import { type DeadLetter, type GroupOptions, MOST_DEAD } from '../groups.ts';
import { LoggedMessage } from '../logged-message.ts';
import type { EntryRecord } from './entry.ts';
import { GroupState } from './group-state.ts';
import { type GroupLog, groupAt, type Operation } from './operation.ts';

const logOf = (head: number, { epoch = 'e', first = 1 } = {}): GroupLog => ({
  ...{ epoch, head, first, purged: 0 },
  at: (offset) =>
    LoggedMessage.of({ id: `m${offset}`, offset, time: offset, data: null, tags: { k: offset % 2 === 0 ? 'x' : 'y' } }),
});

/** Keeps what a group reports, as a store on disk would. */
class Records {
  readonly entries = new Map<number, EntryRecord>();
  readonly letters = new Map<number, DeadLetter>();
  readonly observer = {
    entry: (entry: { offset: number; record(): EntryRecord | null }) => {
      const record = entry.record();
      if (record === null) this.entries.delete(entry.offset);
      else this.entries.set(entry.offset, record);
    },
    letter: (ordinal: number, letter: DeadLetter | null) => {
      if (letter === null) this.letters.delete(ordinal);
      else this.letters.set(ordinal, letter);
    },
  };

  of({ position, ordinal }: GroupState) {
    const entries = [...this.entries.values()].sort((a, b) => a.offset - b.offset);
    return { position, ordinal, entries, letters: [...this.letters.values()] };
  }
}

const byTag: GroupOptions = { ...OPTIONS, orderBy: { kind: 'tag', tag: 'k' } };
const operation = (head: number, now: number, options = OPTIONS): Operation => ({
  ...{ log: logOf(head), options, at: { now, time: now, age: now } },
});
const start = (records = new Records()) => ({
  records,
  state: new GroupState(groupAt({ epoch: 'e', offset: 0 }), { vary: () => 0.5, observer: records.observer }),
});
let claims = 0;
const claim = (state: GroupState, at: Operation, max = 100) =>
  state.claim(at, { token: `t${++claims}`, max, maxLength: 1_000_000 }).deliveries;
const offsetsOf = (deliveries: ReturnType<typeof claim>) => deliveries.map(({ message }) => message.offset);

describe('GroupState', () => {
  it('continues from its records as if nothing had happened', () => {
    const { state, records } = start();
    const [one, two] = claim(state, operation(6, 0, byTag)); // 1 and 2; the others are blocked
    state.settle(operation(6, 0, byTag), [one?.id ?? ''], { type: 'reject' }); // 3 is ready
    const later = claim(state, operation(6, 0, byTag));
    state.settle(operation(6, 0, byTag), [later[0]?.id ?? ''], { type: 'nack', delay: 50 });
    const restored = new GroupState(records.of(state), { vary: () => 0.5 });
    const before = state.stats(logOf(6), 0);
    for (const each of [state, restored]) {
      expect(each.floor).toBe(1);
      expect(each.stats(logOf(6), 0)).toEqual(before);
      expect(each.dead(0, 10)).toMatchObject({ total: 1, letters: [{ ordinal: 1, reason: 'rejected' }] });
      expect(each.settle(operation(6, 10, byTag), [two?.id ?? ''], { type: 'ack' }).accepted).toEqual([true]);
      expect(offsetsOf(claim(each, operation(6, 40, byTag)))).toEqual([4]);
      expect(offsetsOf(claim(each, operation(6, 50, byTag)))).toEqual([3]);
    }
  });

  it('continues from any number of records', () => {
    const count = 200_000;
    const { state, records } = start();
    claim(state, operation(count, 0), count);
    const restored = new GroupState(records.of(state), { vary: () => 0.5 });
    expect([restored.floor, restored.stats(logOf(count), 0)]).toEqual([0, state.stats(logOf(count), 0)]);
  });

  it('restores an order that a redriven message leads', () => {
    const { state, records } = start();
    const [one] = claim(state, operation(5, 0, byTag), 1);
    state.settle(operation(5, 0, byTag), [one?.id ?? ''], { type: 'reject' });
    const [three] = claim(state, operation(5, 0, byTag)).filter(({ message }) => message.offset === 3);
    state.redrive(operation(5, 0, byTag), null); // behind 3 and 5
    state.settle(operation(5, 0, byTag), [three?.id ?? ''], { type: 'ack' });
    const restored = new GroupState(records.of(state));
    const [five, ...rest] = claim(restored, operation(5, 0, byTag)).filter(({ message }) => message.offset % 2 === 1);
    expect([five?.message.offset, rest]).toEqual([5, []]);
    restored.settle(operation(5, 0, byTag), [five?.id ?? ''], { type: 'ack' });
    expect(offsetsOf(claim(restored, operation(5, 0, byTag)))).toEqual([1]);
  });

  it('returns a gap for a new epoch, and refuses what was delivered in the old one', () => {
    const { state } = start();
    const [one] = claim(state, operation(3, 0));
    const renewed = { ...operation(3, 0), log: logOf(2, { epoch: 'f' }) };
    expect(state.settle(renewed, [one?.id ?? ''], { type: 'ack' }).accepted).toEqual([false]);
    const { gaps, deliveries } = state.claim(renewed, { token: 'n', max: 9, maxLength: 1_000_000 });
    expect(gaps).toEqual([{ from: { epoch: 'e', offset: 0 }, to: { epoch: 'f', offset: 0 }, reason: 'epoch_changed' }]);
    expect(offsetsOf(deliveries as ReturnType<typeof claim>)).toEqual([1, 2]);
  });

  it('varies a backoff by a fifth', () => {
    const options = { ...OPTIONS, backoff: [1_000] };
    for (const [chance, wait] of [
      [0, 800],
      [0.5, 1_000],
      [1, 1_200],
    ] as const) {
      const state = new GroupState(groupAt({ epoch: 'e', offset: 0 }), { vary: () => chance });
      const [one] = claim(state, operation(1, 0, options));
      state.settle(operation(1, 0, options), [one?.id ?? ''], { type: 'nack' });
      expect(state.claim(operation(1, 0, options), { token: 't', max: 1, maxLength: 1_000_000 }).wait).toBeCloseTo(
        wait,
      );
    }
  });

  it('lets no message die while the dead list is full: it is delivered again', () => {
    const { state } = start();
    const at = operation(MOST_DEAD + 1, 0);
    const full = claim(state, at, MOST_DEAD).map(({ id }) => id);
    state.settle(at, full, { type: 'reject' });
    const last = claim(state, at).map(({ id }) => id);
    expect(state.settle(at, last, { type: 'reject' })).toEqual({ accepted: [true], dead: MOST_DEAD });
    expect(state.stats(at.log, at.at.now)).toMatchObject({ delayed: 1, dead: MOST_DEAD });
    expect(offsetsOf(claim(state, operation(MOST_DEAD + 1, 10_000)))).toEqual([MOST_DEAD + 1]);
  });

  describe('with messages that have all expired', () => {
    const expired = (head: number): Operation => {
      const log = { epoch: 'e', head, first: 1 };
      const at = (offset: number) =>
        LoggedMessage.of({ id: `m${offset}`, offset, time: offset, data: null, expiresAt: 10 });
      return { log: { ...log, purged: 0, at }, options: OPTIONS, at: { now: 10, time: 10, age: 10 } };
    };
    const request = { token: 't', max: 100, maxLength: 1_000_000 };

    it('handles a thousand of them in one claim, and asks to be claimed from again at once', () => {
      const { state } = start();
      expect(state.claim(expired(1_500), request)).toMatchObject({ expired: 1_000, dead: 1_000, wait: 0 });
      expect(state.claim(expired(1_500), request)).toMatchObject({ expired: 500, dead: 1_500, wait: 30_000 });
    });

    it('drops and counts them when the dead list is full', () => {
      const { state, records } = start();
      let [counted, dropped] = [0, 0];
      for (let wait = 0; wait === 0; ) {
        const claimed = state.claim(expired(MOST_DEAD + 20), request);
        ({ wait } = claimed);
        counted += claimed.expired;
        dropped += claimed.dropped;
      }
      expect({ counted, dropped }).toEqual({ counted: MOST_DEAD + 20, dropped: 20 });
      expect([records.letters.size, state.floor]).toEqual([MOST_DEAD, MOST_DEAD + 20]);
    });
  });

  it('removes the alarms of deliveries that were settled long before they were due', () => {
    const { state } = start();
    for (let head = 1; head <= 20_000; head++) {
      const ids = claim(state, operation(head, head)).map(({ id }) => id);
      state.settle(operation(head, head), ids, { type: 'ack' });
    }
    expect(state.floor).toBe(20_000);
    expect(state.claim(operation(20_000, 20_001), { token: 't', max: 1, maxLength: 1_000_000 }).wait).toBe(
      OPTIONS.ackTimeout,
    );
  });
});
