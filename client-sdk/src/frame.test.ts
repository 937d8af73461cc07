import { json } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import { expect, it } from 'vitest';
import { packFrame } from './frame.ts';

const ping = (id: number) => ({ type: 'ping', id }) as const;
const publish = (id: number, size: number) =>
  ({ type: 'publish', id, channel: 'a', data: 'é'.repeat(size / 2) }) as const;

it('holds one command as it is, several as an array', () => {
  expect(packFrame([ping(1)], { codec: json, limit: 1000 }).data).toBe('{"type":"ping","id":1}');
  expect(packFrame([ping(1), ping(2)], { codec: json, limit: 1000 }).data).toMatch(/^\[.*\]$/);
});

it.each([json, msgpack])('measures bytes, not characters ($name)', (codec) => {
  const { data, size } = packFrame([publish(1, 100)], { codec, limit: 1000 });
  expect(size).toBe(Buffer.from(data as string).length);
  expect(size).toBeGreaterThan(100);
});

it('takes only as many commands as fit, but always one', () => {
  const commands = [publish(1, 400), publish(2, 400), publish(3, 400)];
  expect(packFrame(commands, { codec: json, limit: 1000 }).count).toBe(2);
  expect(packFrame(commands, { codec: json, limit: 10 })).toMatchObject({ count: 1 });
});

it('takes no more than 500 commands, because the gateway queues only so many', () => {
  const commands = Array.from({ length: 2000 }, (_, n) => ping(n + 1));
  expect(packFrame(commands, { codec: json, limit: 100_000 }).count).toBe(500);
});
