/**
 * Patterns of channels as sets of names: which names two have in common, and whether one has all
 * names of another. They may be of rules (`{param}`) and of capabilities (`*`); a `{param}` counts
 * as `*`.
 */

const partsOf = (pattern: string): readonly string[] => pattern.split(':');
const isRest = (part: string | undefined): boolean => part === '**';
const isAny = (part: string | undefined): boolean => part === '*' || part?.startsWith('{') === true;

/** Does `a` match every name that `b` matches? A name is a pattern, too. */
export const coversPattern = (a: string, b: string): boolean => coversSegments(partsOf(a), partsOf(b));

/** The same for patterns that are split into their segments already. */
export function coversSegments(wide: readonly string[], narrow: readonly string[]): boolean {
  for (const [at, part] of wide.entries()) {
    if (at >= narrow.length) return false;
    if (isRest(part)) return true;
    if (isRest(narrow[at])) return false;
    if (!isAny(part) && part !== narrow[at]) return false;
  }
  return wide.length === narrow.length;
}

/** The pattern of the names that both match, with `*` for `{param}`; `null` if there are none. */
export function intersectPatterns(a: string, b: string): string | null {
  const [left, right] = [partsOf(a), partsOf(b)];
  const common: string[] = [];
  for (let at = 0; ; at++) {
    const [one, other] = [left[at], right[at]];
    if (one === undefined || other === undefined) return one === other ? common.join(':') : null;
    if (isRest(one)) return [...common, ...right.slice(at).map(plain)].join(':');
    if (isRest(other)) return [...common, ...left.slice(at).map(plain)].join(':');
    if (!isAny(one) && !isAny(other) && one !== other) return null;
    common.push(plain(isAny(one) ? other : one));
  }
}

const plain = (part: string): string => (isAny(part) ? '*' : part);

/** The patterns that no other one of them covers, each once. */
export function withoutCovered(patterns: readonly string[]): readonly string[] {
  const distinct = [...new Set(patterns)];
  return distinct.filter(
    (pattern, at) =>
      !distinct.some(
        (other, place) =>
          place !== at && coversPattern(other, pattern) && (place < at || !coversPattern(pattern, other)),
      ),
  );
}
