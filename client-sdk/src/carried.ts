/** What arrives as it is: of a Map, a Promise or a RegExp JSON makes `{}`, of a function nothing, of NaN null. */
const CARRIED = / (Object|Array|String|Boolean|Null|Undefined)]/;

/**
 * A replacer for `JSON.stringify`: looks at each value, after its `toJSON`. A Date is refused although it has one: it would
 * arrive as a string. SPEC.md section 3.3.
 *
 * @throws TypeError that names a value that JSON would change without a word
 */
export function onlyCarried(this: object, name: string, value: unknown): unknown {
  const given = (this as Record<string, unknown>)[name];
  const isDate = given instanceof Date;
  const kind = {}.toString.call(isDate ? given : value);
  if (Number.isFinite(value) || CARRIED.test(kind)) return value;
  const advice = isDate ? ' Send a string or a number.' : '';
  throw new TypeError(`"${name}" is ${Number.isNaN(value) ? 'NaN' : kind}: not JSON.${advice}`);
}
