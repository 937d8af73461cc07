/** What arrives as it is: of a Map, a Promise or a RegExp JSON makes `{}`, of a function nothing, of NaN null. */
const CARRIED = / (Object|Array|String|Boolean|Null|Undefined)]/;

/**
 * A replacer for `JSON.stringify`: looks at each value, after its `toJSON`. SPEC.md section 3.3.
 *
 * @throws TypeError that names a value that JSON would change without a word
 */
export function onlyCarried(name: string, value: unknown): unknown {
  const kind = {}.toString.call(value);
  if (Number.isFinite(value) || CARRIED.test(kind)) return value;
  throw new TypeError(`"${name}" is ${Number.isNaN(value) ? 'NaN' : kind}: not JSON.`);
}
