// Milliseconds. Time servers correct less at a time; more means that the clock was set or the device slept.
const STEP = 1000;

let wall = 0;
let steady = 0;
let passed = 0;

/**
 * Milliseconds of a clock that includes sleep and never goes back. In some browsers
 * `performance.now()` stops while the device sleeps, so a jump of the device's clock counts as sleep.
 * Setting the clock forward therefore costs a ping and a token. Without `performance`, setting it
 * back loses the time since the last call, at most a second on a connection.
 */
export function now(): number {
  const byWall = Date.now() - wall;
  const bySteady = globalThis.performance ? performance.now() - steady : Math.max(0, byWall);
  wall += byWall;
  steady += bySteady;
  passed += byWall - bySteady > STEP ? byWall : bySteady;
  return passed;
}
