import { describe, expect, it } from 'vitest';
import { path } from '../state/api.ts';
import { onAllNodes } from './on-all-nodes.ts';

describe('an action', () => {
  it.each<[readonly string[] | undefined, string]>([
    [undefined, 'Paused on all nodes.'],
    [[], 'Paused on all nodes.'],
    [['n2'], 'Paused, but n2 did not answer, and may not know it yet. Look again in a moment.'],
    [['n2', 'n3'], 'Paused, but n2, n3 did not answer, and may not know it yet. Look again in a moment.'],
  ])('of which %j did not answer', (missing, words) => {
    expect(onAllNodes('Paused', missing)).toBe(words);
  });
});

describe('a path', () => {
  it('encodes names', () => {
    expect(path`users/${'ada/../ben'}/disconnect`).toBe('users/ada%2F..%2Fben/disconnect');
  });

  it.each(['.', '..'])('refuses the name %s, which would be another path', (name) => {
    expect(() => path`users/${name}/disconnect`).toThrow(`"${name}" cannot be part of an address`);
  });
});
