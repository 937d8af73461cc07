import { readFileSync } from 'node:fs';
import { CLIENT_ERRORS, ERRORS, errorBody } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import * as codes from './codes.ts';
import { clientError, closeError, isSluiceError, SluiceError } from './errors.ts';

describe('closeError', () => {
  it.each([
    [4001, 'unavailable', 4001, true],
    [4100, 'token_expired', 4100, false],
    [4209, 'protocol_violation', 4209, false],
    [1006, '', CLIENT_ERRORS.connection_lost.code, true],
    [3000, 'proxy', CLIENT_ERRORS.connection_lost.code, true],
  ])('tells why a socket was closed with %i "%s"', (code, reason, errorCode, retryable) => {
    const error = closeError(code, reason);
    expect(error).toMatchObject({ code: errorCode, retryable });
    expect(error.message).toContain(String(code));
  });

  it('has the name and the number of the catalogue', () => {
    const { code } = ERRORS.flood;
    expect(closeError(code, 'flood')).toMatchObject({ name: 'flood', code });
  });
});

describe('the codes that the client has as constants', () => {
  const all: Readonly<Record<string, { readonly code: number }>> = { ...ERRORS, ...CLIENT_ERRORS };
  const named = Object.entries(codes).filter(([name]) => !name.startsWith('FIRST_'));

  it.each(named)('%s is that of the catalogue', (name, code) => {
    expect(all[name.toLowerCase()]?.code).toBe(code);
  });
});

describe('every error', () => {
  const names = Object.keys(ERRORS) as (keyof typeof ERRORS)[];

  it.each(names)('%s carries what to do, and its address, also as JSON', (name) => {
    const error = new SluiceError(errorBody(name, 'what is wrong', 5), new Error('secret'));
    const expected = {
      code: ERRORS[name].code,
      name,
      message: 'what is wrong',
      remedy: ERRORS[name].remedy,
      docs: `docs/errors.md#${name}`,
      retryable: ERRORS[name].retryable,
      retryAfter: 5,
    };
    expect(error).toMatchObject(expected);
    expect(JSON.parse(JSON.stringify(error))).toEqual(expected);
  });

  it('has its address for a remedy, where the gateway or the code says none', () => {
    for (const error of [clientError('timed_out'), closeError(4007, 'flood')]) {
      expect(error.docs).toBe(`docs/errors.md#${error.name}`);
      expect(error.remedy).toBe(`See ${error.docs}`);
    }
  });

  it('stands on the page that its address names', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    for (const name of [...names, ...Object.keys(CLIENT_ERRORS)]) expect(page).toContain(`<a id="${name}"></a>`);
    expect(page).toContain('## Gaps');
  });
});

describe('isSluiceError', () => {
  it('knows errors of this library, and their names', () => {
    const error = clientError('timed_out');
    expect([
      isSluiceError(error),
      isSluiceError(error, 'timed_out'),
      isSluiceError(error, 'closed', 'timed_out'),
    ]).toEqual([true, true, true]);
    expect([isSluiceError(error, 'closed'), isSluiceError(new Error('timed_out')), isSluiceError(undefined)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('clientError', () => {
  it('is an Error with the sentence of the catalogue, and the cause', () => {
    const cause = new Error('no network');
    const error = clientError('token_failed', undefined, cause);
    expect(error).toBeInstanceOf(SluiceError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ ...CLIENT_ERRORS.token_failed, name: 'token_failed', cause });
  });

  it('takes a better sentence', () => {
    expect(clientError('unsubscribed', 'a: permission').message).toBe('a: permission');
  });
});
