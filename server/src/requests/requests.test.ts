import { expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import type { RequestHandler } from './open-request.ts';
import type { Peers } from './peers.ts';
import { Requests } from './requests.ts';

const handler = (): RequestHandler => ({
  ...{ concurrency: 4, hasRoom: true },
  ...{ handle: () => {}, released: () => {}, cancelled: () => {} },
});

it('a node that drains offers nothing to other nodes, also if it has responders', () => {
  const offers: number[] = [];
  const peers = {
    serve: () => {},
    offer: (_: string, capacity: number) => void offers.push(capacity),
  } as Partial<Peers> as Peers;
  const requests = new Requests({ clock: new ManualClock(), events: new EventBus(), nextId: () => 'r', peers });
  void requests.respond('sum', handler());
  void requests.respond('sum', handler());
  requests.drain();
  void requests.respond('sum', handler());
  expect(offers).toEqual([4, 8, 0, 0]);
});
