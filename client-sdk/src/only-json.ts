/** Values that JSON keeps. It turns a Map, a Promise or a RegExp into `{}`, and NaN into null, and drops functions. */
const KEPT = / (Object|Array|String|Boolean|Null|Undefined)]/;

/**
 * A replacer for `JSON.stringify` that checks each value after its `toJSON`. A Date is refused
 * although it has one, because it would arrive as a string. SPEC.md section 3.3.
 *
 * @throws TypeError that names a value that JSON would change silently
 */
export function onlyJson(this: object, name: string, value: unknown): unknown {
  const given = (this as Record<string, unknown>)[name];
  const isDate = given instanceof Date;
  const kind = {}.toString.call(isDate ? given : value);
  if (Number.isFinite(value) || KEPT.test(kind)) return value;
  const advice = isDate ? ' Send a string or a number.' : '';
  throw new TypeError(`"${name}" is ${Number.isNaN(value) ? 'NaN' : kind}: not JSON.${advice}`);
}
