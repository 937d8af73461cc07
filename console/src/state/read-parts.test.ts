import { expect, it } from 'vitest';
import { readParts } from './read-parts.ts';

const fine = (...entries: string[]) => Promise.resolve(entries);
const broken = (message: string) => Promise.reject<readonly string[]>(new Error(message));
const failed = (name: string, error: unknown) => `${name}: ${(error as Error).message}`;

it('a part that cannot be read hides no other', async () => {
  const parts = [
    ['groups', () => fine('a', 'b')],
    ['bridges', () => broken('internal error')],
    ['hooks', () => fine('c')],
  ] as const;
  expect(await readParts(parts, failed)).toEqual(['a', 'b', 'bridges: internal error', 'c']);
});

it('nothing is read if no part can be read', async () => {
  const parts = [
    ['groups', () => broken('away')],
    ['hooks', () => broken('away too')],
  ] as const;
  await expect(readParts(parts, failed)).rejects.toThrow('away');
});
