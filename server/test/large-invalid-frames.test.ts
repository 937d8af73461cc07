import { ERRORS, json } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WIRES } from '../src/protocols/negotiate.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const COUNT = 20_000;
/** Values in place of commands. */
const SHAPES: readonly (readonly [string, unknown])[] = [
  ['numbers', 1],
  ['empty arrays', []],
  ['empty objects', {}],
  ['nested arrays', [[[[]]]]],
  ['objects', { a: 1 }],
  ['null', null],
  ['texts with escapes', '\n\u0000"\\'],
  ['commands that do not exist', { type: 'fly', id: 999 }],
  ['commands without an id', { type: 'ping' }],
  ['commands with a wrong field', { type: 'subscribe', id: 999, channel: 5 }],
];
const connect = (token: string) => ({ type: 'connect', id: 1, token });
const names = Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [`k${at}`, at]));

afterEach(() => vi.restoreAllMocks());

describe.each(WIRES)('a large frame without valid commands, $subprotocol', (wire) => {
  const encode = (value: unknown) => (wire.binary ? msgpack : json).encode(value);
  const start = async () => {
    const world = await createWorld({ limits: { maxFrame: 4_000_000, operations: 0, bytes: 0 } });
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    const parse = vi.spyOn(wire, 'parse');
    return { world, token, parse, ...world.open({ protocols: [wire.subprotocol] }) };
  };

  it.each(SHAPES)('before connect: only the first of many %s is parsed', async (_, value) => {
    const { world, token, parse, client, socket } = await start();
    socket.send(encode(Array.from({ length: COUNT }, () => value)));
    await client.wait(({ type }) => type === 'error');
    await world.idle();
    expect(parse).toHaveBeenCalledTimes(1);
    expect(client.received).toHaveLength(1);
    expect(await client.result({ type: 'connect', token })).toMatchObject({ user: 'ada' });
  });

  it('before connect: a command other than connect closes the connection, and the rest is ignored', async () => {
    const { parse, client, socket } = await start();
    socket.send(encode([{ type: 'ping', id: 1 }, ...Array.from({ length: COUNT }, () => 1)]));
    expect(await client.ended()).toMatchObject({ code: ERRORS.connect_required.code });
    expect(parse).toHaveBeenCalledTimes(1);
  });

  it.each(SHAPES)('after connect, during token verification: a hundred %s close the connection', async (_, value) => {
    const { token, parse, client, socket } = await start();
    socket.send(encode([connect(token), ...Array.from({ length: COUNT }, () => value)]));
    expect(await client.ended()).toMatchObject({ code: ERRORS.protocol_violation.code });
    expect(parse).toHaveBeenCalledTimes(102);
  });

  it.each(SHAPES)('when authenticated: a hundred %s close the connection', async (_, value) => {
    const { token, parse, client, socket } = await start();
    await client.result({ type: 'connect', token });
    socket.send(encode(Array.from({ length: COUNT }, () => value)));
    expect(await client.ended()).toMatchObject({ code: ERRORS.protocol_violation.code });
    expect(parse).toHaveBeenCalledTimes(1 + 101);
  });

  it('with one object of many names is one error, and the next command is executed', async () => {
    const { token, parse, client, socket } = await start();
    await client.result({ type: 'connect', token });
    socket.send(encode(names));
    await client.result({ type: 'ping' });
    expect(parse).toHaveBeenCalledTimes(3);
  });

  it('with many ignored fields still contains a valid command', async () => {
    const { token, client, socket } = await start();
    await client.result({ type: 'connect', token });
    socket.send(encode({ ...names, type: 'ping', id: 99 }));
    expect(await client.wait((message) => 'id' in message && message.id === 99)).toMatchObject({ type: 'reply' });
  });
});

describe('JSON nesting deeper than any stack', () => {
  const LEVELS = 60_000;
  const arrays = `${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}`;
  const objects = `${'{"a":'.repeat(LEVELS / 4)}1${'}'.repeat(LEVELS / 4)}`;
  const fields = {
    publish: (deep: string) => `{"type":"publish","id":7,"channel":"chat:a","data":${deep}}`,
    enter: (deep: string) => `{"type":"enter","id":7,"channel":"chat:a","state":${deep}}`,
    tags: (deep: string) => `{"type":"publish","id":7,"channel":"chat:a","data":1,"tags":${deep}}`,
    tag: (deep: string) => `{"type":"publish","id":7,"channel":"chat:a","data":1,"tags":{"a":${deep}}}`,
    position: (deep: string) => `{"type":"subscribe","id":7,"channel":"chat:a","position":${deep}}`,
    epoch: (deep: string) => `{"type":"subscribe","id":7,"channel":"chat:a","position":{"epoch":${deep}}}`,
    type: (deep: string) => `{"id":7,"type":${deep}}`,
  };
  const cases = Object.entries(fields).flatMap(([field, frame]) => [
    [`arrays in ${field}`, frame(arrays)] as const,
    [`objects in ${field}`, frame(objects)] as const,
  ]);

  it.each(cases)('%s is refused with an ordinary error', async (_, frame) => {
    const world = await createWorld({ limits: { maxFrame: 1_000_000 } });
    const { client } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    client.sendBytes(frame);
    const answer = await client.wait((message) => 'id' in message && message.id === 7);
    expect(answer).toMatchObject({ error: { name: expect.stringMatching(/^(payload|command)_invalid$/) } });
  });

  it.each([
    ['arrays', arrays, 'command_invalid'],
    ['objects', objects, 'command_invalid'],
    ['arrays that do not end', '['.repeat(LEVELS), 'frame_malformed'],
    ['objects that do not end', '{"a":'.repeat(LEVELS), 'frame_malformed'],
  ])('a frame of %s is refused, before and after connect', async (_, frame, name) => {
    const world = await createWorld({ limits: { maxFrame: 1_000_000 } });
    const peer = world.open();
    peer.client.sendBytes(frame);
    expect(await peer.client.wait(({ type }) => type === 'error')).toMatchObject({ error: { name } });
    await peer.client.result({ type: 'connect', token: await tokenFor('ada', { clock: () => world.clock.now() }) });
    peer.client.sendBytes(frame);
    await peer.client.result({ type: 'ping' });
    expect(peer.client.received.filter(({ type }) => type === 'error')).toHaveLength(2);
  });
});

describe('before it is authenticated, a connection', () => {
  it('may send one large frame and a little more, in one piece or several', async () => {
    const world = await createWorld({ limits: { maxFrame: 10_000 } });
    const { client } = world.open();
    for (let at = 0; at < 7; at++) client.sendValue({ type: 'fly', id: at + 1, padding: 'x'.repeat(1_950) });
    await client.wait((message) => 'id' in message && message.id === 7);
    client.sendValue({ type: 'fly', id: 8, padding: 'x'.repeat(1_950) });
    expect(await client.ended()).toMatchObject({ code: ERRORS.flood.code });
  });

  it('may send the same amount again once it is authenticated', async () => {
    const world = await createWorld({ limits: { maxFrame: 10_000 } });
    const { client } = world.open();
    client.sendValue({ type: 'fly', id: 999, padding: 'x'.repeat(9_000) });
    await client.result({ type: 'connect', token: await tokenFor('ada', { clock: () => world.clock.now() }) });
    for (let at = 0; at < 3; at++) client.sendValue({ type: 'fly', id: 999, padding: 'x'.repeat(9_000) });
    await client.result({ type: 'ping' });
  });
});
