import { describe, expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import { Dispatch, type DispatchParts } from './dispatch.ts';
import { KnownNodes } from './known-nodes.ts';
import type { PendingRequest } from './pending-request.ts';
import type { RequestEnd } from './request-end.ts';

const nodesOf = (...addresses: string[]): KnownNodes => {
  const nodes = new KnownNodes();
  nodes.update(
    addresses.map((node) => ({ node, capacity: 1 })),
    0,
  );
  return nodes;
};

/** A request without responders on its own node. `later`: the nodes that the engine knows when it is asked again. */
function start({ known = nodesOf(), later = known, ...parts }: Partial<DispatchParts> & Record<string, unknown>) {
  const sent: string[] = [];
  const ends: RequestEnd[] = [];
  const granted: number[] = [];
  const pending = {
    ended: false,
    assigned: () => {},
    end: (end: RequestEnd) => void ends.push(end),
    reply: () => undefined,
  } as Partial<PendingRequest> as PendingRequest;
  const dispatch = new Dispatch({
    ...{ channel: 'sum', pending, pool: () => undefined, accept: () => null, cancel: () => {}, fault: () => {} },
    nodes: (anew) => (anew ? later : known) as KnownNodes,
    send: ({ address }) => {
      sent.push(address);
      return true;
    },
    grant: (_, replies) => void granted.push(replies),
    ...parts,
  });
  dispatch.start();
  return { dispatch, sent, ends, granted };
}

describe('a request to other nodes', () => {
  it.each(['no_responders', 'responders_busy'] as const)('goes on to the next if one answers %s', (error) => {
    const { dispatch, sent, ends } = start({ known: nodesOf('a', 'b') });
    dispatch.end(new Refusal(error));
    expect([sent, ends]).toEqual([['a', 'b'], []]);
    dispatch.end({ data: 1 });
    expect(ends).toEqual([{ data: 1 }]);
  });

  it('is not repeated if it may have been executed', () => {
    const { dispatch, sent, ends } = start({ known: nodesOf('a', 'b') });
    dispatch.end(new Refusal('responder_lost'));
    expect([sent, ends]).toMatchObject([['a'], [{ error: 'responder_lost' }]]);
  });

  it('ends with the last refusal if no node is left', () => {
    const { dispatch, ends } = start({ known: nodesOf('a') });
    dispatch.end(new Refusal('responders_busy'));
    expect(ends).toMatchObject([{ error: 'responders_busy' }]);
  });

  it('finds a responder that has just come to another node', () => {
    const { sent, ends } = start({ later: nodesOf('new') });
    expect([sent, ends]).toEqual([['new'], []]);
    expect(start({}).ends).toMatchObject([{ error: 'no_responders' }]);
  });

  it('goes on if a node has gone', () => {
    const tried: string[] = [];
    const { ends } = start({
      known: nodesOf('a', 'b'),
      send: ({ address }) => {
        tried.push(address);
        return address === 'b';
      },
    });
    expect([tried, ends]).toEqual([['a', 'b'], []]);
  });

  it('gets room for further replies as they arrive', () => {
    const { dispatch, granted } = start({ known: nodesOf('a') });
    for (let n = 0; n < 9; n++) dispatch.replied(n, 1);
    expect(granted).toEqual([4, 4]);
  });
});
