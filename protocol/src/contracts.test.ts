import { describe, expect, it } from 'vitest';
import { checkChannels, defineChannels, type Schema } from './contracts.ts';

const schema: Schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };

describe('defineChannels', () => {
  it('returns its argument, frozen', () => {
    const channels = { 'chat:{room}': { message: schema, events: { typing: schema } }, news: {} };
    expect(defineChannels(channels)).toBe(channels);
    expect(Object.isFrozen(channels)).toBe(true);
    expect(Object.isFrozen(channels['chat:{room}'].events)).toBe(true);
    expect(Object.isFrozen(channels.news)).toBe(true);
  });

  it('lists all errors', () => {
    const wrong = { 'chat::{room}': {}, 'chat:{room}': { message: 'text' } } as unknown as Record<string, object>;
    expect(() => defineChannels(wrong)).toThrow(
      /^defineChannels: channels\["chat::\{room\}"\]: .+; channels\["chat:\{room\}"\]\.message is not a schema/,
    );
  });
});

describe('checkChannels', () => {
  it.each<[string, unknown]>([
    ['nothing', {}],
    ['a contract without parts', { 'a:**': {} }],
    [
      'parts that are undefined',
      { a: { message: undefined, events: undefined, presence: undefined, rule: undefined } },
    ],
    ['all parts', { a: { message: schema, presence: schema, events: { b: schema }, rule: { allow: {} } } }],
    ['a schema that is a function', { a: { message: Object.assign(() => {}, schema) } }],
  ])('takes %s', (_, value) => {
    expect(checkChannels(value)).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['null', null, 'channels must be an object'],
    ['a list', [], 'channels must be an object'],
    ['an invalid pattern', { 'a:': {} }, 'channels["a:"]: "a:": segment "" is neither a literal'],
    ['an invalid contract', { a: 1 }, 'channels["a"] must be an object with any of message'],
    ['another part', { a: { mesage: schema } }, 'channels["a"] has no part "mesage"; these are: message'],
    ['a message without a schema', { a: { message: {} } }, 'channels["a"].message is not a schema'],
    ['a presence without a schema', { a: { presence: () => {} } }, 'channels["a"].presence is not a schema'],
    ['another version', { a: { message: { '~standard': { version: 2, validate() {} } } } }, 'is not a schema'],
    ['invalid events', { a: { events: schema['~standard'].validate } }, 'channels["a"].events must be an object'],
    ['an event without a schema', { a: { events: { b: true } } }, 'channels["a"].events["b"] is not a schema'],
    ['an invalid rule', { a: { rule: true } }, 'channels["a"].rule must be an object'],
  ])('refuses %s', (_, value, problem) => {
    expect(checkChannels(value)).toEqual([expect.stringContaining(problem)]);
  });
});
