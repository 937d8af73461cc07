import { describe, expect, it } from 'vitest';
import { writeContent } from '../message-json.ts';
import { readAnnouncement, readMessage } from './message-text.ts';

const announce = (content: string) => `e 6 1 ${content.length} ${content}`;

describe('an announcement', () => {
  it.each(['m1', 'a "b"', '\\', '', 'é👋\n'])('has the message and its id, %j', (id) => {
    const read = readAnnouncement(announce(writeContent({ id, data: { text: 'x' }, from: 'ada' })));
    expect(read).toMatchObject({ epoch: 'e', id });
    expect(read.message?.message).toEqual({ id, data: { text: 'x' }, from: 'ada', time: 1, offset: 6 });
  });

  it('of a new epoch has no message', () => {
    expect(readAnnouncement('! e')).toEqual({ epoch: 'e', message: null, id: '' });
  });

  it.each([
    '',
    '{',
    'null',
    'e x y {}',
    'e 6 1 {"id":"a"}',
    'e 6 1 9 {"id":"a"}',
    'e 0 1 10 {"id":"a"}',
    'e 6 1 4 null',
  ])('is invalid: %j', (line) => {
    expect(() => readAnnouncement(line)).toThrow(SyntaxError);
  });
});

it.each(['', 'null', '{"id":"a"', '{"data":1}'])('a stored message is invalid: %j', (content) => {
  expect(() => readMessage(content, 1, 1)).toThrow(SyntaxError);
});
