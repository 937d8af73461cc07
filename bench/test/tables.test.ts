import { expect, it } from 'vitest';
import { table } from '../src/report.mjs';
import { readTables } from '../src/tables.mjs';

it('reads the tables that a benchmark prints', () => {
  const first = table(
    ['server', 'deliveries', '× bare'],
    [
      ['bare, publish', '4.79 M/s', '1.00'],
      ['Sluice', '9.66 M/s', '2.02'],
    ],
  );
  const second = table(
    ['', 'p50'],
    [
      ['quiet', '0.5 ms'],
      ['with -- dashes', ''],
    ],
  );
  expect(readTables(`round 1\n\n${first}\n\n${second}\n`)).toEqual([
    {
      name: 'bare, publish',
      figures: [
        { head: 'deliveries', cell: '4.79 M/s' },
        { head: '× bare', cell: '1.00' },
      ],
    },
    {
      name: 'Sluice',
      figures: [
        { head: 'deliveries', cell: '9.66 M/s' },
        { head: '× bare', cell: '2.02' },
      ],
    },
    { name: 'quiet', figures: [{ head: 'p50', cell: '0.5 ms' }] },
    { name: 'with -- dashes', figures: [{ head: 'p50', cell: '' }] },
  ]);
});
