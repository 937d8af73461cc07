import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'vitest';
import type { DelayedPresence } from './support/delayed-presence.ts';
import type { PresenceClient } from './support/presence-client.ts';
import { type ChannelName, PresenceModel } from './support/presence-model.ts';

/** Two clients, the first of which watches, and a store whose answers the test delivers. */
async function begin(channel: ChannelName) {
  const model = new PresenceModel({ clients: 2, channels: [channel], isDelayed: true });
  const { store } = model;
  if (store === undefined) throw new Error('the store is not delayed');
  const [ada, ben] = model.clients as [PresenceClient, PresenceClient];
  for (const one of [ada, ben]) model.connect(one);
  await model.settle();
  ada.watch(channel);
  await model.settle();
  model.clock.advance(60_000);
  return { model, ada, ben, store };
}

/** Executes the requests of the store, delivers the answer at index `which`, then runs a turn. */
async function answer(model: PresenceModel, store: DelayedPresence, which: number): Promise<void> {
  store.work(10);
  store.answer(which);
  await nextTurn();
  model.turn();
  await nextTurn();
}

describe('answers of a store that are already outdated', () => {
  it('because of changes are requested again before a list is sent', async () => {
    const { model, ben, store } = await begin('many');
    ben.watch('many');
    await answer(model, store, 0); // the count; then the list is requested
    store.work(1); // the list, not delivered yet
    model.enter('many', 1, 0);
    store.work(1);
    store.announce(1);
    model.turn(); // requests what to send
    await answer(model, store, 2);
    await answer(model, store, 0);
    await model.checkSettled();
  });

  it('because the list ended leave no subscriber without updates', async () => {
    const { model, ben, store } = await begin('few');
    for (let who = 0; who < 7; who++) model.enter('few', who, 0);
    await model.settle();
    model.clock.advance(60_000);
    await model.settle();
    ben.watch('few');
    await answer(model, store, 0);
    store.work(1); // the count, not delivered yet
    for (let who = 0; who < 6; who++) model.leave('few', who);
    store.work(10);
    store.announce(10);
    model.turn();
    await answer(model, store, 7);
    for (let at = 0; at < 3; at++) await answer(model, store, 1);
    await model.checkSettled();
  });
});
