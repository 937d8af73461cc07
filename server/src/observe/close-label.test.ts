import { ERRORS } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { closeLabel } from './close-label.ts';
import { Metrics } from './metrics.ts';

describe('a close code', () => {
  it.each([
    [1000, '1000'],
    [1006, '1006'],
    [1015, '1015'],
    [1004, 'other'],
    [1016, 'other'],
    [0, 'other'],
    [3000, 'other'],
    [ERRORS.draining.code, '4000'],
    [ERRORS.origin_refused.code, '4210'],
    [ERRORS.permission_denied.code, 'other'],
    [4099, 'other'],
    [4999, 'other'],
  ])('%i is counted as %s', (code, label) => {
    expect(closeLabel(code)).toBe(label);
  });

  it('that a client invents has no separate series', async () => {
    const events = new EventBus();
    const metrics = new Metrics(events, { channels: () => 0 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (code) => {
        events.emit('connectionClosed', { connection: 'c', user: null, code, reason: 'x', duration: 1 });
      }),
      { numRuns: 5_000 },
    );
    for (let code = 3_000; code < 5_000; code++)
      events.emit('connectionClosed', { connection: 'c', user: null, code, reason: `${code}`, duration: 1 });
    const closed = (await metrics.text()).split('\n').filter((line) => line.startsWith('sluice_connections_closed'));
    const known = Object.values(ERRORS).filter(({ code }) => code < 4_300).length;
    expect(closed.length).toBeLessThanOrEqual(known + 15 + 1);
    expect(closed.some((line) => line.includes('code="other"'))).toBe(true);
  });
});
