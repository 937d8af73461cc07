import { expect, it } from 'vitest';
import type { Delivery, GroupGap } from '../engine/groups.ts';
import { LoggedMessage } from '../engine/logged-message.ts';
import { ClaimedMessages } from './claimed-messages.ts';

const deliveriesOf = (...offsets: number[]): Delivery[] =>
  offsets.map((offset) => ({
    ...{ id: `${offset}`, attempt: 1 },
    message: LoggedMessage.of({ id: `m${offset}`, offset, time: 0, data: offset }),
  }));

const gapUpTo = (offset: number): GroupGap => ({
  ...{ reason: 'retention', from: { epoch: 'e', offset: 0 } },
  to: { epoch: 'e', offset },
});

/** What is taken, at most so many messages at a time, until nothing is left. */
function takeAll(claimed: ClaimedMessages, most: number): string[] {
  const taken: string[] = [];
  while (!claimed.isEmpty) {
    const { gaps, epoch, deliveries } = claimed.take(most);
    const named = [...gaps.map(({ to }) => `gap ${to.offset}`), ...deliveries.map(({ id }) => `${epoch}${id}`)];
    taken.push(named.join(' '));
  }
  return taken;
}

it('messages of several claims are taken together, at most the requested number', () => {
  const claimed = new ClaimedMessages();
  claimed.add('e', deliveriesOf(1, 2));
  claimed.add('e', deliveriesOf(3, 4, 5));
  expect(claimed.length).toBe(5);
  expect(takeAll(claimed, 3)).toEqual(['e1 e2 e3', 'e4 e5']);
  expect(claimed.length).toBe(0);
});

it('a gap comes before the messages that were claimed with it, and behind those before', () => {
  const claimed = new ClaimedMessages();
  claimed.add('e', deliveriesOf(1, 2));
  claimed.addGap(gapUpTo(4));
  claimed.addGap(gapUpTo(6));
  claimed.add('e', deliveriesOf(7, 8));
  expect(takeAll(claimed, 9)).toEqual(['e1 e2', 'gap 4 gap 6 e7 e8']);
  claimed.addGap(gapUpTo(9));
  expect(takeAll(claimed, 9)).toEqual(['gap 9']);
  claimed.addGap(gapUpTo(9));
  claimed.add('e', deliveriesOf(10, 11));
  expect(takeAll(claimed, 1)).toEqual(['gap 9 e10', 'e11']);
});

it('messages of two epochs are not taken together', () => {
  const claimed = new ClaimedMessages();
  claimed.add('e', deliveriesOf(1));
  claimed.add('f', deliveriesOf(1, 2));
  expect(takeAll(claimed, 9)).toEqual(['e1', 'f1 f2']);
});

it('takes as many messages as fit the length, and at least one', () => {
  const claimed = new ClaimedMessages();
  const deliveries = deliveriesOf(1, 2, 3, 4);
  const [first] = deliveries;
  const length = first?.message.json.length ?? 0;
  claimed.add('e', deliveries);
  expect(claimed.size).toBe(4 * length);
  const counts = [2 * length, 2 * length - 1, 1].map((longest) => claimed.take(9, longest).deliveries.length);
  expect([counts, claimed.size, claimed.isEmpty]).toEqual([[2, 1, 1], 0, true]);
});
