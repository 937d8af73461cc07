import { describe, it } from 'vitest';
import type { Follower } from './support/follower.ts';
import { type ChannelName, Model } from './support/model.ts';

/** A model with one follower on one channel. */
function alone(channel: ChannelName): { model: Model; ada: Follower } {
  const model = new Model({ channels: [channel], followers: 1 });
  const [ada] = model.followers;
  if (ada === undefined) throw new Error('the model has no follower');
  model.connect(ada);
  return { model, ada };
}

function rest(model: Model): void {
  model.settle();
  model.check();
  model.checkSettled();
}

describe('a cursor', () => {
  it('settles if the log began a new epoch and nothing was published since', () => {
    const { model, ada } = alone('long');
    ada.subscribe('long', { position: { epoch: 'elsewhere', offset: 0 } });
    model.chaos.restart('long');
    rest(model);
  });

  it('that learns of a new epoch from a page updates the other cursors', () => {
    const model = new Model({ channels: ['long'], followers: 2 });
    const [ada, ben] = model.followers as [Follower, Follower];
    model.connect(ada);
    model.connect(ben);
    ada.subscribe('long', {});
    model.settle();
    model.chaos.restart('long');
    ben.subscribe('long', { position: { epoch: 'elsewhere', offset: 3 } });
    rest(model);
  });

  it('that is ahead of the log receives a gap instead of waiting for the log', () => {
    const { model, ada } = alone('long');
    model.publish('long', { count: 2, size: 10 });
    const { epoch } = model.chaos.read('long', 0, 0);
    ada.subscribe('long', { position: { epoch, offset: 7 } });
    rest(model);
  });

  it('of a slow reader receives no large message before refused smaller ones', () => {
    const { model, ada } = alone('long');
    ada.subscribe('long', {});
    model.settle();
    ada.socket?.stall();
    for (const size of [15_000, 15_000, 5_000, 20_000]) model.publish('long', { count: 1, size });
    model.settle();
    ada.socket?.unstall();
    rest(model);
  });

  it('does not trust a fan-out that the transport may still refuse if the feed has a hole', () => {
    const { model, ada } = alone('long');
    ada.subscribe('long', {});
    model.settle();
    ada.socket?.stall();
    model.publish('long', { count: 3, size: 15_000 });
    model.turn(); // passed to the transport, not written yet
    model.chaos.lose('long', 1);
    model.publish('long', { count: 2, size: 10 });
    model.settle();
    ada.socket?.unstall();
    rest(model);
  });

  it('receives no message before a delayed reply to its subscribe', () => {
    const { model, ada } = alone('passing');
    model.publish('long', { count: 1, size: 20_000 });
    ada.socket?.stall();
    ada.send({ type: 'history', channel: 'long' });
    model.settle();
    ada.send({ type: 'history', channel: 'long' });
    ada.subscribe('passing', {});
    model.publish('passing', { count: 1, size: 10 });
    model.settle();
    ada.socket?.unstall();
    rest(model);
  });
});
