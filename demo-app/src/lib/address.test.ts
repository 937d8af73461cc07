import { expect, it } from 'vitest';
import { readAddress, socketUrl } from './address.ts';

it('reads name, room and token, and ignores empty ones', () => {
  expect(readAddress('?as=ada&room=lobby&token=')).toEqual({ user: 'ada', room: 'lobby', token: undefined });
});

it.each(['desk', 'departures'])('opens the page %s', (page) => {
  expect(readAddress(`?page=${page}`).page).toBe(page);
});

it('opens the chat for a page that does not exist', () => {
  expect(readAddress('?page=attic').page).toBeUndefined();
});

it.each([
  ['http:', 'localhost:8080', 'ws://localhost:8080/ws'],
  ['https:', 'example.org', 'wss://example.org/ws'],
])('finds the WebSocket of a page on %s//%s', (protocol, host, url) => {
  expect(socketUrl({ protocol, host })).toBe(url);
});
