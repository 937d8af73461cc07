import { describe, expect, it } from 'vitest';
import { ControlFrames } from './control-frames.ts';

describe('control frames', () => {
  it('are limited to 64 per turn and connection', () => {
    const ends: (() => void)[] = [];
    const frames = new ControlFrames<object>((task) => ends.push(task));
    const [one, other] = [{}, {}];
    const taken = (connection: object, count: number) =>
      Array.from({ length: count }, () => frames.take(connection)).filter(Boolean).length;
    expect([taken(one, 64), taken(one, 1), taken(other, 65)]).toEqual([64, 0, 64]);
    expect(ends).toHaveLength(1);
    ends.pop()?.();
    expect([taken(one, 65), ends.length]).toEqual([64, 1]);
  });
});
