// Time servers correct less than this at a time; more means that somebody has set the clock, or that the machine slept.
const STEP = 1000;

let wall = 0;
let steady = 0;
let passed = 0;

/**
 * Milliseconds by a clock that counts sleep and never goes back. `performance.now()` alone would not do: in some browsers it stands still while the
 * machine sleeps. So what the device's clock is suddenly ahead counts as slept, also when somebody has put it forward: that costs a sign of life and
 * a token. Where there is no `performance`, setting the clock back takes from it the time since it was last read: every connection reads it each second.
 */
export function now(): number {
  const byWall = Date.now() - wall;
  const bySteady = globalThis.performance ? performance.now() - steady : Math.max(0, byWall);
  wall += byWall;
  steady += bySteady;
  passed += byWall - bySteady > STEP ? byWall : bySteady;
  return passed;
}
