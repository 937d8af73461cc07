import { afterEach, expect, it } from 'vitest';
import { vectors } from '../../protocol/test/vectors.ts';
import { connectedClient, restoreGlobals } from './support/connected-client.ts';
import { turn, wireMessage } from './support/fake-gateway.ts';

afterEach(restoreGlobals);

it.each(vectors('cursor-rules.json').cases)('$name', async ({ position, pushes, handed, then, violation = false }) => {
  const { gateway, client } = await connectedClient();
  const seen: unknown[] = [];
  const onGap = () => void seen.push('gap');
  const subscription = client.channel('a').subscribe(({ offset }) => seen.push(offset), { position, onGap });
  await turn();
  const { socket } = gateway;
  socket.subscribed(position.offset, 'live', position.epoch);
  for (const push of pushes) {
    if (push.type === 'gap') socket.push({ ...push, channel: 'a', from: position });
    else if (push.type === 'progress') socket.push({ ...push, channel: 'a' });
    else {
      const { offsets, ...rest } = push;
      socket.push({ ...rest, channel: 'a', messages: offsets.map((offset) => wireMessage(offset, push)) });
    }
  }
  expect([seen, subscription.position, socket.closedWith !== undefined]).toEqual([handed, then, violation]);
  client.close();
});
