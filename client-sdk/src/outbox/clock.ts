/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

/**
 * Makes a clock that begins with the device's time. From then on the time that passes counts, not what becomes of the
 * device's clock: set back, it changes nothing here. Set forward, it looks as if the machine had slept, which counts: in
 * some browsers only the wall clock knows of sleep.
 */
export function steadyClock(): Clock {
  let wall = Date.now();
  let steady = performance.now();
  let time = wall;
  return () => {
    const [nowWall, nowSteady] = [Date.now(), performance.now()];
    time += Math.max(nowWall - wall, nowSteady - steady, 0);
    wall = nowWall;
    steady = nowSteady;
    return Math.round(time);
  };
}
