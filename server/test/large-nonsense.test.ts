import { ERRORS, json } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WIRES } from '../src/protocols/negotiate.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const COUNT = 20_000;
/** Values that stand in the place of commands: `null` fills a whole frame with them. */
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

describe.each(WIRES)('a large frame of nonsense, $subprotocol', (wire) => {
  const encode = (value: unknown) => (wire.binary ? msgpack : json).encode(value);
  const start = async () => {
    const world = await createWorld({ limits: { maxFrame: 4_000_000, operations: 0, bytes: 0 } });
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    const parse = vi.spyOn(wire, 'parse');
    return { world, token, parse, ...world.open({ protocols: [wire.subprotocol] }) };
  };

  it.each(SHAPES)('before connect: only the first of many %s is looked at', async (_, value) => {
    const { world, token, parse, voice, socket } = await start();
    socket.send(encode(Array.from({ length: COUNT }, () => value)));
    await voice.wait(({ type }) => type === 'error');
    await world.idle();
    expect(parse).toHaveBeenCalledTimes(1);
    expect(voice.heard).toHaveLength(1);
    expect(await voice.result({ type: 'connect', token })).toMatchObject({ user: 'ada' });
  });

  it('before connect: a command that is none closes the connection, whatever stands behind it', async () => {
    const { parse, voice, socket } = await start();
    socket.send(encode([{ type: 'ping', id: 1 }, ...Array.from({ length: COUNT }, () => 1)]));
    expect(await voice.ended()).toMatchObject({ code: ERRORS.connect_required.code });
    expect(parse).toHaveBeenCalledTimes(1);
  });

  it.each(SHAPES)('behind connect, while the token is being verified: a hundred %s are enough', async (_, value) => {
    const { token, parse, voice, socket } = await start();
    socket.send(encode([connect(token), ...Array.from({ length: COUNT }, () => value)]));
    expect(await voice.ended()).toMatchObject({ code: ERRORS.protocol_violation.code });
    expect(parse).toHaveBeenCalledTimes(102);
  });

  it.each(SHAPES)('after connect: a hundred %s are enough', async (_, value) => {
    const { token, parse, voice, socket } = await start();
    await voice.result({ type: 'connect', token });
    socket.send(encode(Array.from({ length: COUNT }, () => value)));
    expect(await voice.ended()).toMatchObject({ code: ERRORS.protocol_violation.code });
    expect(parse).toHaveBeenCalledTimes(1 + 101);
  });

  it('of names in one object is one mistake, and the next command is carried out', async () => {
    const { token, parse, voice, socket } = await start();
    await voice.result({ type: 'connect', token });
    socket.send(encode(names));
    await voice.result({ type: 'ping' });
    expect(parse).toHaveBeenCalledTimes(3);
  });

  it('of names in ignored fields costs a command nothing', async () => {
    const { token, voice, socket } = await start();
    await voice.result({ type: 'connect', token });
    socket.send(encode({ ...names, type: 'ping', id: 99 }));
    expect(await voice.wait((message) => 'id' in message && message.id === 99)).toMatchObject({ type: 'reply' });
  });
});

describe('nesting beyond every stack, in JSON', () => {
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

  it.each(cases)('%s is refused like any other mistake', async (_, frame) => {
    const world = await createWorld({ limits: { maxFrame: 1_000_000 } });
    const { voice } = await world.connect(await tokenFor('ada', { clock: () => world.clock.now() }));
    voice.sayBytes(frame);
    const answer = await voice.wait((message) => 'id' in message && message.id === 7);
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
    peer.voice.sayBytes(frame);
    expect(await peer.voice.wait(({ type }) => type === 'error')).toMatchObject({ error: { name } });
    await peer.voice.result({ type: 'connect', token: await tokenFor('ada', { clock: () => world.clock.now() }) });
    peer.voice.sayBytes(frame);
    await peer.voice.result({ type: 'ping' });
    expect(peer.voice.heard.filter(({ type }) => type === 'error')).toHaveLength(2);
  });
});

describe('before it is authenticated, a connection', () => {
  it('may send one large frame and a little more, in pieces or not', async () => {
    const world = await createWorld({ limits: { maxFrame: 10_000 } });
    const { voice } = world.open();
    for (let at = 0; at < 7; at++) voice.sayRaw({ type: 'fly', id: at + 1, padding: 'x'.repeat(1_950) });
    await voice.wait((message) => 'id' in message && message.id === 7);
    voice.sayRaw({ type: 'fly', id: 8, padding: 'x'.repeat(1_950) });
    expect(await voice.ended()).toMatchObject({ code: ERRORS.flood.code });
  });

  it('that has sent that much may send as much again once it is', async () => {
    const world = await createWorld({ limits: { maxFrame: 10_000 } });
    const { voice } = world.open();
    voice.sayRaw({ type: 'fly', id: 999, padding: 'x'.repeat(9_000) });
    await voice.result({ type: 'connect', token: await tokenFor('ada', { clock: () => world.clock.now() }) });
    for (let at = 0; at < 3; at++) voice.sayRaw({ type: 'fly', id: 999, padding: 'x'.repeat(9_000) });
    await voice.result({ type: 'ping' });
  });
});
