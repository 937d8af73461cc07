/** Levels that are compared; deeper values count as different. SPEC.md section 3.3. */
const DEEPEST = 64;

/** Whether two JSON values are equal, ignoring the order of fields. Never overflows the stack. */
export function sameJson(a: unknown, b: unknown, depth = DEEPEST): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || depth === 0) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name], depth - 1));
}
