let looked = 0;
let passed = 0;

/**
 * Milliseconds by a clock that counts sleep and never goes back. Whoever sets the device's clock back takes from it no more
 * than the time since it was last read, and every connection reads it each second; whoever puts it forward makes it believe
 * that the machine slept. `performance.now()` would not do: in some browsers it stands still while the machine sleeps.
 */
export function now(): number {
  const wall = Date.now();
  passed += Math.max(0, wall - looked);
  looked = wall;
  return passed;
}
