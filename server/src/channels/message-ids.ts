import { nanoid } from 'nanoid';

/** Message ids: unique by the prefix of this run, and cheap to count on. */
export function createIds(): () => string {
  const run = nanoid(10);
  let count = 0;
  return () => `${run}-${(++count).toString(36)}`;
}
