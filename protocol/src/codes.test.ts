import { describe, expect, it } from 'vitest';
import { afterClose } from './after-close.ts';
import { CLIENT_ERRORS, CLIENT_REMEDIES, OUTBOX_ERRORS } from './client-errors.ts';
import { ERRORS, type ErrorName, errorBody } from './codes.ts';

const entries = Object.entries(ERRORS) as [ErrorName, (typeof ERRORS)[ErrorName]][];
const local = [...Object.entries(CLIENT_ERRORS), ...Object.entries(OUTBOX_ERRORS)];
const all = [...entries, ...local];

describe('the catalogue', () => {
  it('gives each entry a unique code', () => {
    expect(new Set(all.map(([, { code }]) => code)).size).toBe(all.length);
  });

  it.each(all)('%s is a snake_case name with a sentence', (name, { message }) => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(message).toMatch(/^[A-Z].*\.$/);
  });

  it('has a remedy for each error', () => {
    const remedies = { ...Object.fromEntries(entries.map(([name, { remedy }]) => [name, remedy])), ...CLIENT_REMEDIES };
    expect(Object.keys(remedies)).toEqual(all.map(([name]) => name));
    for (const remedy of Object.values(remedies)) expect(remedy).toMatch(/^[A-Z].+\.$/);
  });

  it.each(entries)('%s has an HTTP status', (_, { status }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
  });

  it.each(entries)('%s has a code in the range of its meaning', (_, { code, retryable, status }) => {
    expect(code).toBeGreaterThanOrEqual(4000);
    expect(code).toBeLessThan(4400);
    if (code < 4100) expect(retryable).toBe(true); // temporary
    if (code >= 4100 && code < 4200) expect(status).toBe(401); // the token
    if (code >= 4200 && code < 4300) expect(retryable).toBe(false); // final
  });

  it.each(local)('%s is never sent', (_, { code }) => {
    expect(Math.floor(code / 100)).toBe(44);
  });

  it('provides the errors on the wire', () => {
    expect(errorBody('unavailable')).toEqual({
      code: 4001,
      name: 'unavailable',
      message: ERRORS.unavailable.message,
      remedy: ERRORS.unavailable.remedy,
      retryable: true,
    });
    expect(errorBody('unavailable', 'try later', 500)).toMatchObject({ message: 'try later', retryAfter: 500 });
  });
});

describe('after a close', () => {
  it.each(entries.filter(([, { code }]) => code < 4300))('with %s a client acts by the range', (_, { code }) => {
    const expected = code < 4100 ? 'reconnect' : code < 4200 ? 'new_token' : 'stop';
    expect(afterClose(code)).toBe(expected);
  });
});
