import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineChannels } from '../src/contracts.ts';
import { schedule, unschedule } from '../src/schedules/index.ts';
import { createTestClient } from '../src/testing/testing.ts';
import { FakeGateway, pass, turn } from './support/fake-gateway.ts';

describe('a scheduled message', () => {
  let kit: ReturnType<typeof createTestClient>;
  afterEach(() => kit.gateway.close());

  it('waits until it is due, and is published as its author published it', async () => {
    kit = createTestClient({ user: 'ada' });
    const { client, gateway } = kit;
    const channel = client.channel('user:ada');
    const seen: unknown[] = [];
    channel.subscribe(({ data, event, tags, from }) => void seen.push({ data, event, tags, from }));
    const at = new Date(Date.now() + 60_000);
    const first = await schedule(channel, 'first', { at, event: 'reminder', tags: { a: 'b' } });
    expect(first).toEqual({ id: expect.any(String), at: at.getTime() });
    await schedule(channel, 'second', { at: at.getTime() + 1 });
    expect(gateway.scheduled).toMatchObject([{ data: 'first', from: 'ada' }, { data: 'second' }]);
    gateway.publishScheduled(at.getTime());
    await gateway.settled();
    expect(seen).toEqual([{ data: 'first', event: 'reminder', tags: { a: 'b' }, from: 'ada' }]);
    gateway.publishScheduled();
    await gateway.settled();
    expect(seen).toHaveLength(2);
    expect(gateway.scheduled).toEqual([]);
  });

  it('expires some time after its publication', async () => {
    kit = createTestClient({ user: 'ada' });
    const channel = kit.client.channel('user:ada');
    await schedule(channel, 1, { delay: 1_000, ttl: 5_000 });
    kit.gateway.publishScheduled();
    const [message] = kit.gateway.messages('user:ada');
    expect(message?.expiresAt).toBe((message?.time ?? 0) + 5_000);
  });

  it('is withdrawn once, by its author', async () => {
    kit = createTestClient({ user: 'ada' });
    const { client, gateway } = kit;
    const channel = client.channel('user:ada');
    const message = await schedule(channel, 1, { delay: 1_000 });
    await expect(unschedule(gateway.client('bob').channel('user:ada'), message)).rejects.toMatchObject({
      name: 'not_scheduled',
    });
    await unschedule(channel, message.id);
    await expect(unschedule(channel, message)).rejects.toMatchObject({ name: 'not_scheduled' });
    gateway.publishScheduled();
    expect(gateway.messages('user:ada')).toEqual([]);
  });

  it('is scheduled once with its key', async () => {
    kit = createTestClient();
    const channel = kit.client.channel('a');
    const first = await schedule(channel, 1, { delay: 1_000, key: 'k' });
    expect(await schedule(channel, 1, { delay: 1_000, key: 'k' })).toEqual(first);
    await schedule(channel, 1, { delay: 1_000 });
    await schedule(channel, 1, { delay: 1_000 });
    expect(kit.gateway.scheduled).toHaveLength(3);
  });

  it('is scheduled again with its key after it was withdrawn', async () => {
    kit = createTestClient();
    const channel = kit.client.channel('a');
    const first = await schedule(channel, 1, { delay: 1_000, key: 'k' });
    await unschedule(channel, first);
    const second = await schedule(channel, 1, { delay: 1_000, key: 'k' });
    expect(second.id).not.toBe(first.id);
    expect(kit.gateway.scheduled).toMatchObject([{ id: second.id }]);
  });

  it('is refused as a gateway refuses it', async () => {
    const channels = defineChannels({
      'later:{id}': { message: z.object({ text: z.string() }), rule: { schedule: {} } },
      'plain:{id}': { message: z.object({ text: z.string() }) },
    });
    const contract = createTestClient({ channels });
    kit = contract as unknown as typeof kit;
    const { client, gateway } = contract;
    const text = { text: 'a' };
    await expect(schedule(client.channel('plain:a'), text, { delay: 1 })).rejects.toMatchObject({
      name: 'command_invalid',
    });
    await expect(schedule(client.channel('later:a'), text, { at: 1 })).rejects.toMatchObject({
      name: 'command_invalid',
    });
    await expect(schedule(client.channel('later:a'), { text: 1 } as never, { delay: 1 })).rejects.toMatchObject({
      name: 'payload_invalid',
    });
    gateway.deny('publish', 'later:*');
    await expect(schedule(client.channel('later:a'), text, { delay: 1 })).rejects.toMatchObject({
      name: 'permission_denied',
    });
  });

  it.each<[string, unknown, string]>([
    ['no options', undefined, '"options" must be an object with either "delay" or "at"'],
    ['no time', {}, '"options" must be an object with either "delay" or "at"'],
    ['two times', { delay: 1, at: 1 }, '"options" must be an object with either "delay" or "at"'],
    ['a negative delay', { delay: -1 }, '"delay" must be a whole number'],
    ['a date that is none', { at: new Date(Number.NaN) }, '"at" must be a date'],
    ['an event that is none', { delay: 1, event: 1 }, '"event" must be a string'],
    ['a timeout of 0', { delay: 1, timeout: 0 }, '"timeout" must be milliseconds above 0'],
  ])('is refused with %s', async (_, options, message) => {
    kit = createTestClient();
    await expect(schedule(kit.client.channel('a'), 1, options as never)).rejects.toMatchObject({
      name: 'option_invalid',
      message: expect.stringContaining(message),
    });
  });

  it('is refused if its data is no JSON, or its channel or id is none', async () => {
    kit = createTestClient();
    const channel = kit.client.channel('a');
    await expect(schedule(channel, 1n, { delay: 1 })).rejects.toMatchObject({ name: 'payload_invalid' });
    await expect(schedule({ name: 'a' }, 1, { delay: 1 })).rejects.toMatchObject({ name: 'option_invalid' });
    await expect(unschedule(channel, '')).rejects.toMatchObject({ name: 'option_invalid' });
    await expect(unschedule(channel, undefined as never)).rejects.toMatchObject({ name: 'option_invalid' });
  });

  it('gives up when its signal aborts', async () => {
    kit = createTestClient();
    const signal = AbortSignal.abort(new Error('left'));
    await expect(schedule(kit.client.channel('a'), 1, { delay: 1, signal })).rejects.toThrow('left');
  });
});

it('sends the command again after a lost connection, with the same key', async () => {
  vi.useFakeTimers();
  const gateway = new FakeGateway();
  const client = gateway.client({ token: () => 'token' });
  const scheduled = schedule(client.channel('a'), { text: 'hi' }, { delay: 1_000 });
  await turn();
  await gateway.socket.accept();
  const [first] = gateway.socket.commands.filter(({ type }) => type === 'schedule');
  gateway.socket.drop();
  await pass(5_000);
  await gateway.socket.accept();
  const [second] = gateway.socket.commands.filter(({ type }) => type === 'schedule');
  expect(second).toEqual(first);
  expect(second).toMatchObject({ channel: 'a', data: { text: 'hi' }, delay: 1_000, key: expect.any(String) });
  gateway.socket.reply('schedule', { id: 's', at: 1 });
  await expect(scheduled).resolves.toEqual({ id: 's', at: 1 });
  client.close();
  vi.useRealTimers();
});
