/** Commands whose answer arrives after the token, the connection or the store has changed. */

import { describe, expect, it, vi } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { HeldCalls } from './support/held-calls.ts';
import type { CommandInput } from './support/protocol-client.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const CHANNELS: ConfigInput['channels'] = { 'room:{id}': { allow: { '*': 'users' }, history: { count: 1000 } } };
const AWAY = new EngineUnavailable('away');

const start = () => createWorld({ channels: CHANNELS });
const mint = (world: World, caps: Record<string, readonly string[]> = {}) =>
  tokenFor('ada', { caps, clock: () => world.clock.now() });
const join = async (world: World) => world.connect(await mint(world));
const refresh = async (world: World, { client }: LoopbackPeer, caps: Record<string, readonly string[]>) =>
  client.result({ type: 'refresh', token: await mint(world, caps) });

/** The answers to commands, in short: the type or the name of the error. */
const answersTo = ({ client }: LoopbackPeer, ids: readonly number[]) =>
  client.received.flatMap((message) => {
    if (!('id' in message) || message.id === undefined || !ids.includes(message.id)) return [];
    return message.type === 'error' ? [message.error.name] : [message.type];
  });

const room = { channel: 'room:a' } as const;

describe('pages', () => {
  const pages: [string, string, CommandInput, CommandInput][] = [
    ['history', 'history', { type: 'history', ...room }, { type: 'history', channel: 'room:b' }],
    ['members', 'presence', { type: 'members', ...room }, { type: 'members', channel: 'room:b' }],
  ];

  it.each(pages)('of %s that wait when the permission is revoked are refused', async (_, verb, command, other) => {
    const world = await start();
    const ada = await join(world);
    await ada.client.result({ type: 'publish', ...room, data: 'x'.repeat(60_000) });
    await world.gateway.publish('room:a', 'x'.repeat(60_000));
    ada.socket.stall();
    const fill = ada.client.send(...Array.from({ length: 40 }, () => ({ type: 'history', ...room }) as const));
    const ids = ada.client.send(...Array.from({ length: 20 }, () => command), other);
    await world.idle();
    ada.client.send({ type: 'refresh', token: await mint(world, { 'room:a': [`!${verb}`] }) });
    await world.idle();
    ada.socket.unstall();
    await world.until(() => answersTo(ada, [...fill, ...ids]).length === 61);
    expect(answersTo(ada, ids)).toEqual([...Array.from({ length: 20 }, () => 'permission_denied'), 'reply']);
  });

  it.each(pages)('of %s that are being read when the permission is revoked are refused', async (_, verb, command) => {
    const world = await start();
    const ada = await join(world);
    const { engine } = world.assembly;
    const held = new HeldCalls().hold(engine.log, 'read').hold(engine.presence, 'list');
    const ids = ada.client.send(command, command);
    await world.until(() => held.waiting.length > 0);
    await refresh(world, ada, { 'room:a': [`!${verb}`] });
    held.release();
    await world.until(() => answersTo(ada, ids).length === 2);
    expect(answersTo(ada, ids)).toEqual(['permission_denied', 'permission_denied']);
    await refresh(world, ada, {});
    await ada.client.result(command);
  });

  it.each(pages)('of %s continue after a failed read', async (_, __, command) => {
    const world = await start();
    const ada = await join(world);
    const { engine } = world.assembly;
    const thrown = () => {
      throw AWAY;
    };
    vi.spyOn(engine.log, 'read').mockImplementationOnce(thrown);
    vi.spyOn(engine.presence, 'list').mockImplementationOnce(thrown);
    expect(await ada.client.request(command)).toMatchObject({ error: { name: 'unavailable' } });
    await ada.client.result(command);
    const held = new HeldCalls().hold(engine.log, 'read').hold(engine.presence, 'list');
    const ids = ada.client.send(command, command);
    await world.until(() => held.waiting.length > 0);
    held.take().refuse(AWAY);
    held.release();
    await world.until(() => answersTo(ada, ids).length === 2);
    expect(answersTo(ada, ids)).toEqual(['unavailable', 'reply']);
  });

  it('wait, at most a thousand per connection', async () => {
    const world = await start();
    const ada = await join(world);
    const held = new HeldCalls().hold(world.assembly.engine.presence, 'list');
    const ids = ada.client.send(...Array.from({ length: 1_003 }, () => ({ type: 'members', ...room }) as const));
    await world.idle();
    expect(answersTo(ada, ids)).toEqual(['rate_limited', 'rate_limited']);
    held.release();
    await world.until(() => answersTo(ada, ids).length === 1_003);
  });
});

describe('while it is being opened', () => {
  const held = (world: World) => {
    const { engine } = world.assembly;
    return new HeldCalls().hold(engine.log, 'read').hold(engine.presence, 'roster', 'enter', 'leave');
  };
  const opened: [string, string, CommandInput][] = [
    ['subscription', 'subscribe', { type: 'subscribe', ...room }],
    ['subscription that rewinds', 'subscribe', { type: 'subscribe', ...room, rewind: 5 }],
    ['watch', 'presence', { type: 'watch', ...room }],
    ['membership', 'enter', { type: 'enter', ...room }],
  ];

  it.each(opened)('a %s is refused if its permission is revoked', async (_, verb, command) => {
    const world = await start();
    const ada = await join(world);
    const calls = held(world);
    const ids = ada.client.send(command);
    await world.until(() => calls.waiting.length > 0);
    await refresh(world, ada, { 'room:a': [`!${verb}`] });
    calls.release();
    await world.until(() => answersTo(ada, ids).length === 1);
    expect(answersTo(ada, ids)).toEqual(['permission_denied']);
    expect([world.services.hub.size, world.services.presence.size]).toEqual([0, 0]);
    expect(await world.assembly.engine.presence.roster('room:a')).toMatchObject({ total: 0 });
  });

  it.each(opened)('a %s leaves no state if its connection is revoked', async (_, __, command) => {
    const world = await start();
    const ada = await join(world);
    const calls = held(world);
    ada.client.send(command);
    await world.until(() => calls.waiting.length > 0);
    await world.gateway.revoke({ user: 'ada', before: world.clock.now() + 1_000 });
    calls.release();
    await world.idle();
    world.clock.advance(10_000);
    await world.idle();
    expect(ada.socket.closed).toMatchObject({ code: 4102 });
    expect([world.services.hub.size, world.services.presence.size]).toEqual([0, 0]);
    expect(await world.assembly.engine.presence.roster('room:a')).toMatchObject({ total: 0 });
  });

  it.each(opened)('a %s that fails can be requested again', async (_, __, command) => {
    const world = await start();
    const ada = await join(world);
    const calls = held(world);
    const asked = ada.client.request(command);
    await world.until(() => calls.waiting.length > 0);
    calls.take().refuse(AWAY);
    expect(await asked).toMatchObject({ error: { name: 'unavailable', retryAfter: 1_000 } });
    expect([world.services.hub.size, world.services.presence.size]).toEqual([0, 0]);
    calls.release();
    await ada.client.result(command);
  });
});

it('a subscription whose start position cannot be read leaves no channel open', async () => {
  const world = await start();
  const ada = await join(world);
  const calls = new HeldCalls().hold(world.assembly.engine.log, 'seek');
  const ids = ada.client.send({ type: 'subscribe', ...room, since: 1 });
  await world.until(() => calls.waiting.length > 0);
  calls.take().refuse(AWAY);
  await world.until(() => answersTo(ada, ids).length === 1);
  expect([answersTo(ada, ids), world.services.hub.size]).toEqual([['unavailable'], 0]);
});

describe('an enter that fails', () => {
  const enter = { type: 'enter', ...room } as const;
  const leave = { type: 'leave', ...room } as const;

  /** Sends `count` enter commands that wait for the store. */
  async function entering(count: number) {
    const world = await start();
    const ada = await join(world);
    const calls = new HeldCalls().hold(world.assembly.engine.presence, 'enter');
    const ids = ada.client.send(...Array.from({ length: count }, () => enter));
    await world.until(() => calls.waiting.length === count);
    return { world, ada, calls, ids };
  }

  it('leaves no membership: a later refresh enters nothing, and leave is refused', async () => {
    const { world, ada, calls } = await entering(1);
    calls.take().refuse(AWAY);
    await world.idle();
    calls.release();
    const token = await tokenFor('ada', { claims: { info: 'new' }, clock: () => world.clock.now() });
    await ada.client.result({ type: 'refresh', token });
    expect(await world.assembly.engine.presence.roster('room:a')).toMatchObject({ total: 0 });
    expect(await ada.client.request(leave)).toMatchObject({ error: { name: 'not_member' } });
  });

  it.each([
    ['before one that succeeds', [false, true]],
    ['after one that succeeds', [true, false]],
    ['between two that succeed', [true, false, true]],
  ])('%s keeps the membership', async (_, outcomes) => {
    const { world, ada, calls, ids } = await entering(outcomes.length);
    for (const good of outcomes) {
      if (good) calls.take().pass();
      else calls.take().refuse(AWAY);
      await world.idle();
    }
    expect(answersTo(ada, ids)).toContain('unavailable');
    expect(await world.assembly.engine.presence.roster('room:a')).toMatchObject({ total: 1 });
    await ada.client.result(leave);
    expect(await world.assembly.engine.presence.roster('room:a')).toMatchObject({ total: 0 });
  });

  it('after the client has left and entered again does not end the new membership', async () => {
    const { world, ada, calls } = await entering(1);
    await ada.client.result(leave);
    ada.client.send(enter);
    await world.until(() => calls.waiting.length === 2);
    calls.take().refuse(AWAY);
    calls.take().pass();
    await world.idle();
    ada.socket.cut();
    world.clock.advance(10_000);
    expect(await world.assembly.engine.presence.roster('room:a')).toMatchObject({ total: 0 });
  });

  it('together with another failing enter leaves no membership', async () => {
    const { world, ada, calls } = await entering(2);
    calls.take().refuse(AWAY);
    calls.take().refuse(AWAY);
    await world.idle();
    expect(await ada.client.request(leave)).toMatchObject({ error: { name: 'not_member' } });
  });

  it('keeps the existing membership if it only changed the state', async () => {
    const world = await start();
    const ada = await join(world);
    await ada.client.result(enter);
    const calls = new HeldCalls().hold(world.assembly.engine.presence, 'enter');
    ada.client.send({ ...enter, state: 'busy' });
    await world.until(() => calls.waiting.length === 1);
    calls.take().refuse(AWAY);
    await world.idle();
    await ada.client.result(leave);
  });
});
