/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

/**
 * Creates a clock that starts at the device's time and never runs backwards. If the device's clock
 * is set back, this clock ignores it. If it jumps forward, this clock follows: in some browsers
 * only the wall clock notices that the machine slept.
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
