import { expect, it } from 'vitest';
import { gapWords } from './gap-words.ts';

const from = { epoch: 'e', offset: 41 };

it('counts the lost messages and names their offsets', () => {
  const words = gapWords({ channel: 'c', from, to: { epoch: 'e', offset: 44 }, reason: 'retention', lost: 3 });
  expect(words.title).toBe('3 messages could not be recovered');
  expect(words.offsets).toBe('42–44');
});

it('uses the singular for one message', () => {
  const words = gapWords({ channel: 'c', from, to: { epoch: 'e', offset: 42 }, reason: 'slow_reader', lost: 1 });
  expect(words).toMatchObject({ title: '1 message could not be recovered', offsets: '42' });
});

it('shows no number if the log began a new epoch', () => {
  const words = gapWords({
    channel: 'c',
    from,
    to: { epoch: 'f', offset: 0 },
    reason: 'epoch_changed',
    lost: undefined,
  });
  expect(words.title).toBe('History before this point is not available');
  expect(words).not.toHaveProperty('offsets');
});
