import { expect, it } from 'vitest';
import { readNotification } from './notification.ts';

it.each([
  [
    { title: 'Hi', body: 'there' },
    { title: 'Hi', body: 'there' },
  ],
  [{ title: 'Hi' }, { title: 'Hi', body: '' }],
  [{ text: 1 }, { title: 'Notification', body: '{"text":1}' }],
  ['plain', { title: 'plain', body: '' }],
  [null, { title: 'null', body: '' }],
])('reads %j', (data, notification) => {
  expect(readNotification(data)).toEqual(notification);
});
