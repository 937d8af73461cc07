import { describe, expect, it } from 'vitest';
import { describeData, type LoggedMessage, startOf } from './message.ts';

const message = (fields: Partial<LoggedMessage> = {}): LoggedMessage => ({ id: 'm', offset: 7, time: 1, ...fields });

describe('the data of a message', () => {
  it.each<[string, Partial<LoggedMessage>]>([
    ['1 character', { size: 1 }],
    ['1,200 characters', { size: 1_200 }],
    ['{"a":1}', { data: { a: 1 } }],
    [`"${'x'.repeat(1_999)}… (2,003 characters)`, { data: 'x'.repeat(2_001) }],
  ])('is shown as %s', (text, fields) => {
    expect(describeData(message(fields))).toBe(text);
  });
});

describe('the start of a page', () => {
  it.each([
    ['is that of its first message', { messages: [message(), message({ offset: 8 })] }, 7],
    ['is before the first message if others have expired', { messages: [message()], covers: { from: 3, to: 9 } }, 3],
    ['is known if all messages have expired', { messages: [], covers: { from: 3, to: 9 } }, 3],
    ['is unknown if the log is empty', { messages: [] }, undefined],
  ])('%s', (_, page, start) => {
    expect(startOf(page)).toBe(start);
  });
});
