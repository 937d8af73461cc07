import { CLIENT_ERRORS, ERRORS } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { clientError, closeError, SluiceError } from './errors.ts';

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
