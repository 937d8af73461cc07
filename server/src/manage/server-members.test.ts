import { expect, it } from 'vitest';
import type { Rules } from '../channels/rules.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Presence } from '../presence/presence.ts';
import { ServerMembers, type ServerMembersParts } from './server-members.ts';

it('a node holds at most 10,000 members that backends have entered', async () => {
  const leave: ((member: object) => Promise<unknown>)[] = [];
  const members = new ServerMembers({
    rules: { match: () => ({ rule: { presence: { state: 10 } } }) } as unknown as Rules,
    presence: { enter: () => Promise.resolve(), leave: () => Promise.resolve() } as unknown as Presence,
    cluster: { answer: (_: string, answer: (typeof leave)[0]) => leave.push(answer) } as unknown as Cluster,
  } as ServerMembersParts);
  const enter = (user: string) => members.enter({ channel: 'chat:a', user });
  for (let n = 0; n < 10_000; n++) expect(await enter(`bot${n}`)).toBeNull();
  expect(await enter('another')).toMatchObject({ error: 'too_many_members' });
  expect(await enter('bot7')).toBeNull();
  await leave[0]?.({ channel: 'chat:a', user: 'bot7' });
  expect(await enter('another')).toBeNull();
});
