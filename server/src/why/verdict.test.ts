import { expect, it } from 'vitest';
import { wordsFor } from './verdict.ts';

it('says in words that a message was removed', () => {
  const at = (offset: number) => ({ epoch: 'e', offset });
  const outcome = { outcome: 'gap', from: at(2), to: at(5), reason: 'purged' } as const;
  expect(wordsFor(outcome, { channel: 'a', ...at(3) })).toBe(
    'skipped by the gap [3, 5]: an operator removed it from the log',
  );
});
