import { LIMITS } from './limits.ts';

/** Maximum characters of a path with its reason. */
const LONGEST = 200;

/**
 * Checks whether a value can be a message's `data`. SPEC.md section 3.3: what one client publishes,
 * every other client must be able to read, in every codec and every language.
 *
 * @returns where and why not, such as `data.items[3]: a string with a lone surrogate (not
 *   Unicode)`; `null` if the value is valid
 */
export function checkData(data: unknown): string | null {
  const fault = check(data, LIMITS.dataDepth);
  if (fault === null) return null;
  // Field names may be as long as the frame: the end has the position and the reason.
  return fault.length <= LONGEST ? `data${fault}` : `data…${fault.slice(-LONGEST).toWellFormed()}`;
}

function check(value: unknown, depth: number): string | null {
  switch (typeof value) {
    case 'boolean':
      return null;
    case 'string':
      return value.isWellFormed() ? null : ': a string with a lone surrogate (not Unicode)';
    case 'number':
      return checkNumber(value);
    case 'object':
      break;
    default:
      return `: ${value === undefined ? 'missing' : `a ${typeof value} is not a JSON value`}`;
  }
  if (value === null) return null;
  if (depth === 0) return `: nested deeper than ${LIMITS.dataDepth} levels`;
  return Array.isArray(value) ? checkArray(value, depth) : checkObject(value, depth);
}

/**
 * Between 2^53 and 10^21, JavaScript writes a number as an integer whose last digits are not exact;
 * above that, it writes an exponent, as for any double.
 */
function checkNumber(value: number): string | null {
  const size = Math.abs(value);
  if (size <= Number.MAX_SAFE_INTEGER || (size >= 1e21 && size < Number.POSITIVE_INFINITY)) return null;
  return Number.isFinite(value)
    ? ': beyond 2^53 - 1, so that JavaScript does not know its last digits; send it as a string'
    : ': not a finite number of at most 17 digits; send it as a string';
}

function checkArray(items: readonly unknown[], depth: number): string | null {
  for (let at = 0; at < items.length; at++) {
    const fault = check(items[at], depth - 1);
    if (fault !== null) return `[${at}]${fault}`;
  }
  return null;
}

function checkObject(value: object, depth: number): string | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return ': not a plain object';
  for (const [name, item] of Object.entries(value)) {
    if (name === '__proto__') return ': a field may not be named "__proto__"';
    if (!name.isWellFormed()) return ': a field whose name has a lone surrogate (not Unicode)';
    const fault = check(item, depth - 1);
    if (fault !== null) return `.${name}${fault}`;
  }
  return null;
}
