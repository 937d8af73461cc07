import { afterEach, expect, it } from 'vitest';
import { vectors } from '../../protocol/test/vectors.ts';
import { backToReality, connectedClient } from './support/connected-client.ts';
import { turn } from './support/fake-gateway.ts';

afterEach(backToReality);

it.each(vectors('cursor-rules.json').cases)('$name', async ({ position, pushes, handed, then }) => {
  const { gateway, client } = await connectedClient();
  const seen: unknown[] = [];
  const onGap = () => void seen.push('gap');
  const subscription = client.channel('a').subscribe(({ offset }) => seen.push(offset), { position, onGap });
  await turn();
  gateway.socket.subscribed(position.offset, 'live', position.epoch);
  for (const push of pushes) {
    if (push.type === 'gap') gateway.socket.push({ ...push, channel: 'a', from: position });
    else gateway.socket.messages('a', push.offsets, { epoch: push.epoch });
  }
  expect([seen, subscription.position]).toEqual([handed, then]);
  client.close();
});
