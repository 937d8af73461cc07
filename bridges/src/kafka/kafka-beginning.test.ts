import { expect, it } from 'vitest';
import { KafkaBeginning, type TopicEnds } from './kafka-beginning.ts';

/** A gateway that keeps checkpoints. */
function checkpoints() {
  const saved = new Map<string, string>();
  return {
    create: async () => true,
    read: async (name: string) => saved.get(name),
    save: async (name: string, checkpoint: string) => void saved.set(name, checkpoint),
  };
}

const ends = (more: Partial<TopicEnds> = {}): TopicEnds => ({
  ...{ topic: 'orders', id: 'one', earliest: [3n, 0n], latest: [10n, 5n], isCommitted: false },
  ...more,
});

it.each<[string, string, TopicEnds, readonly bigint[]]>([
  ['at the oldest records', 'oldest', ends(), [3n, 0n]],
  ['behind the newest ones', 'newest', ends(), [10n, 5n]],
  ['at the oldest ones if the group has read another partition', 'newest', ends({ isCommitted: true }), [3n, 0n]],
])('a bridge begins %s', async (_, start, topic, expected) => {
  const beginning = new KafkaBeginning({ checkpoints: checkpoints(), group: 'g', start });
  expect(await beginning.of(topic)).toEqual(expected);
});

it.each<[string, TopicEnds, readonly bigint[]]>([
  ['where it began, if it has committed nothing since', ends({ latest: [20n, 9n] }), [10n, 5n]],
  ['where it began, if Kafka has forgotten its offsets', ends({ latest: [90n, 90n], isCommitted: true }), [10n, 5n]],
  ['at the oldest record that is left', ends({ earliest: [12n, 7n], latest: [20n, 9n] }), [12n, 7n]],
  [
    'at the oldest record of a partition that was added',
    ends({ earliest: [3n, 0n, 0n], latest: [20n, 9n, 4n] }),
    [10n, 5n, 0n],
  ],
  ['at the oldest record of a topic that was created again', ends({ id: 'two', earliest: [0n, 0n] }), [0n, 0n]],
])('a bridge that began at the newest records goes on %s', async (_, topic, expected) => {
  const parts = { checkpoints: checkpoints(), group: 'g', start: 'newest' };
  await new KafkaBeginning(parts).of(ends());
  expect(await new KafkaBeginning(parts).of(topic)).toEqual(expected);
});

it('a bridge begins at the newest records of a topic that it did not read before', async () => {
  const beginning = new KafkaBeginning({ checkpoints: checkpoints(), group: 'g', start: 'newest' });
  await beginning.of(ends());
  expect(await beginning.of(ends({ topic: 'others' }))).toEqual([10n, 5n]);
});
