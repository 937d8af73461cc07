import { describe, expect, it } from 'vitest';
import { readMetric } from './metric.ts';

const PAGE = `# HELP sluice_connections Open connections
# TYPE sluice_connections gauge
sluice_connections 3
# TYPE sluice_messages_in_total counter
sluice_messages_in_total{rule="chat:{room}"} 4
sluice_messages_in_total{rule="jobs \\"x\\""} 2
# TYPE sluice_gaps_total counter
# TYPE sluice_turns histogram
sluice_turns_count 1
`;

describe('a metric of a page', () => {
  it.each([
    ['sluice_connections', 3],
    ['sluice_messages_in_total{rule="chat:{room}"}', 4],
    ['sluice_messages_in_total', 6],
    ['sluice_gaps_total', 0],
    ['sluice_turns_count', 1],
  ])('%s is %d', (name, value) => {
    expect(readMetric(PAGE, name)).toBe(value);
  });

  it.each(['sluice_connection', 'sluice_turns', 'sluice_messages_in_total{rule="mail"}'])(
    '%s does not exist',
    (name) => {
      expect(() => readMetric(PAGE, name)).toThrow(`there is no metric ${name}; the page has sluice_`);
    },
  );
});
