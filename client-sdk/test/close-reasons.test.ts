import { describe, expect, it } from 'vitest';
import { vectors } from '../../protocol/test/vectors.ts';
import { closeError } from '../src/errors.ts';

describe('a close', () => {
  it.each(vectors('close-codes.json').reasons)('with "$reason" is the error $name', ({ reason, name }) => {
    const error = closeError(4007, reason);
    expect(error.name).toBe(name);
    expect(error.message).toContain(reason);
  });
});
