import { EngineUnavailable } from '../engine.ts';
import type { Claim, DeadPage, GroupRef, GroupStore } from '../groups.ts';
import type { Calls, SentClaim, SentDeadPage, ToOwner } from './items.ts';

/** The calls that concern consumer groups; `watchGroup` is not one of them. */
export type GroupCall = Extract<
  ToOwner,
  readonly [
    'call',
    number,
    'fenceGroup' | 'claim' | 'settle' | 'confirmGaps' | 'groupStats' | 'seekGroup' | 'dead' | 'bury' | 'redrive',
    ...unknown[],
  ]
>;

type Answer<Name extends keyof Calls> = Calls[Name]['answer'] | Promise<Calls[Name]['answer']>;

/** Executes a call that concerns consumer groups. */
export function callGroups(store: GroupStore | undefined, item: GroupCall): Answer<GroupCall[2]> {
  const groups = expectGroups(store);
  switch (item[2]) {
    case 'fenceGroup':
      return map(groups.fence(item[3], item[4], item[5]), () => null);
    case 'claim':
      return map(groups.claim(item[3], item[4], item[5]), toSentClaim);
    case 'settle':
      return groups.settle(item[3], item[4], item[5], item[6]);
    case 'confirmGaps':
      return map(groups.confirmGaps(item[3], item[4]), () => null);
    case 'groupStats':
      return groups.stats(item[3], item[4]);
    case 'seekGroup':
      return groups.seek(item[3], item[4], item[5]);
    case 'dead':
      return map(groups.dead(item[3], item[4], item[5]), toSentPage);
    case 'bury':
      return groups.bury(item[3], item[4]);
    case 'redrive':
      return groups.redrive(item[3], item[4], item[5]);
  }
}

/** Names a group; names of channels contain no space. */
export const groupKey = ({ channel, group }: GroupRef): string => `${channel} ${group}`;

export function expectGroups(store: GroupStore | undefined): GroupStore {
  if (store === undefined) throw new EngineUnavailable('this engine has no consumer groups');
  return store;
}

function map<A, B>(result: A | Promise<A>, change: (result: A) => B): B | Promise<B> {
  return result instanceof Promise ? result.then(change) : change(result);
}

const toSentClaim = ({ deliveries, ...claim }: Claim): SentClaim => ({
  ...claim,
  deliveries: deliveries.map((delivery) => ({ ...delivery, message: delivery.message.message })),
});

const toSentPage = ({ letters, total }: DeadPage): SentDeadPage => ({
  total,
  letters: letters.map((letter) => ({ ...letter, message: letter.message.message })),
});
