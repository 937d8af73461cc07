import { setImmediate as breathe } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { Crowd, type StageName } from './support/crowd.ts';
import type { DistantPresence } from './support/distant-presence.ts';
import type { Onlooker } from './support/onlooker.ts';

/** Two onlookers, of whom the first watches, and a store whose answers the test lets arrive. */
async function begin(channel: StageName) {
  const crowd = new Crowd({ onlookers: 2, channels: [channel], isDistant: true });
  const { distant } = crowd;
  if (distant === undefined) throw new Error('the store is not distant');
  const [ada, ben] = crowd.onlookers as [Onlooker, Onlooker];
  for (const one of [ada, ben]) crowd.connect(one);
  await crowd.settle();
  ada.watch(channel);
  await crowd.settle();
  crowd.clock.advance(60_000);
  return { crowd, ada, ben, store: distant };
}

/** What the store was asked is answered but for the newest answers, which stay on their way; then a turn. */
async function answer(crowd: Crowd, store: DistantPresence, which: number): Promise<void> {
  store.work(10);
  store.answer(which);
  await breathe();
  crowd.turn();
  await breathe();
}

describe('answers of a store that are overtaken', () => {
  it('by changes, are asked for again before a list goes out', async () => {
    const { crowd, ben, store } = await begin('many');
    ben.watch('many');
    await answer(crowd, store, 0); // how many there are; the list is asked for
    store.work(1); // the list, still on its way
    crowd.enter('many', 1, 0);
    store.work(1);
    store.announce(1);
    crowd.turn(); // asks what to tell
    await answer(crowd, store, 2);
    await answer(crowd, store, 0);
    await crowd.checkRest();
  });

  it('by the end of the list, leave nobody without news', async () => {
    const { crowd, ben, store } = await begin('few');
    for (let who = 0; who < 7; who++) crowd.enter('few', who, 0);
    await crowd.settle();
    crowd.clock.advance(60_000);
    await crowd.settle();
    ben.watch('few');
    await answer(crowd, store, 0);
    store.work(1); // how many there are, still on its way
    for (let who = 0; who < 6; who++) crowd.leave('few', who);
    store.work(10);
    store.announce(10);
    crowd.turn();
    await answer(crowd, store, 7);
    for (let at = 0; at < 3; at++) await answer(crowd, store, 1);
    await crowd.checkRest();
  });
});
