import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'vitest';
import type { DelayedPresence } from './support/delayed-presence.ts';
import type { PresenceClient } from './support/presence-client.ts';
import { type ChannelName, PresenceModel } from './support/presence-model.ts';

/** Two onlookers, of whom the first watches, and a store whose answers the test lets arrive. */
async function begin(channel: ChannelName) {
  const model = new PresenceModel({ clients: 2, channels: [channel], isDelayed: true });
  const { store } = model;
  if (store === undefined) throw new Error('the store is not distant');
  const [ada, ben] = model.clients as [PresenceClient, PresenceClient];
  for (const one of [ada, ben]) model.connect(one);
  await model.settle();
  ada.watch(channel);
  await model.settle();
  model.clock.advance(60_000);
  return { model, ada, ben, store };
}

/** What the store was asked is answered but for the newest answers, which stay on their way; then a turn. */
async function answer(model: PresenceModel, store: DelayedPresence, which: number): Promise<void> {
  store.work(10);
  store.answer(which);
  await nextTurn();
  model.turn();
  await nextTurn();
}

describe('answers of a store that are overtaken', () => {
  it('by changes, are asked for again before a list goes out', async () => {
    const { model, ben, store } = await begin('many');
    ben.watch('many');
    await answer(model, store, 0); // how many there are; the list is asked for
    store.work(1); // the list, still on its way
    model.enter('many', 1, 0);
    store.work(1);
    store.announce(1);
    model.turn(); // asks what to tell
    await answer(model, store, 2);
    await answer(model, store, 0);
    await model.checkSettled();
  });

  it('by the end of the list, leave nobody without news', async () => {
    const { model, ben, store } = await begin('few');
    for (let who = 0; who < 7; who++) model.enter('few', who, 0);
    await model.settle();
    model.clock.advance(60_000);
    await model.settle();
    ben.watch('few');
    await answer(model, store, 0);
    store.work(1); // how many there are, still on its way
    for (let who = 0; who < 6; who++) model.leave('few', who);
    store.work(10);
    store.announce(10);
    model.turn();
    await answer(model, store, 7);
    for (let at = 0; at < 3; at++) await answer(model, store, 1);
    await model.checkSettled();
  });
});
