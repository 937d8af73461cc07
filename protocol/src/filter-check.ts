import { LIMITS } from './limits.ts';
import { PatternError, parsePattern } from './patterns.ts';
import { printable, printableMessage, type RefusalText } from './refusals.ts';

const FIELDS = ['event', 'from', 'channel', 'tags'];
const COMPARISONS = ['gt', 'gte', 'lt', 'lte'];
const TESTS = ['prefix', 'exists', ...COMPARISONS];

type Fields = Readonly<Record<string, unknown>>;

/** A filter that is not one: the place, and what it must be. */
class FilterFault extends Error {}

function fail(place: string, requirement: string): never {
  throw new FilterFault(`"${place}" ${requirement}`);
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks a filter that came from outside. SPEC.md section 3.5.
 *
 * @param place the name of the filter in messages
 * @returns what is wrong and where, or `null` if the value is a `Filter`
 */
export function checkFilter(value: unknown, place = 'filter'): RefusalText | null {
  try {
    const size = checkFields(value, place);
    if (size <= LIMITS.filterLength) return null;
    const detail = `"${place}" has ${size} characters in names and values. Use at most ${LIMITS.filterLength}`;
    return { error: 'filter_too_large', detail };
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    return { error: 'filter_invalid', detail: error.message };
  }
}

/** @returns the characters of its names and values */
function checkFields(filter: unknown, place: string): number {
  if (!isObject(filter)) fail(place, `must be an object with any of ${FIELDS.join(', ')}`);
  let size = 0;
  for (const [name, value] of Object.entries(filter)) {
    const at = `${place}.${printable(name)}`;
    if (!FIELDS.includes(name)) fail(at, `is not a field of a filter. Use ${FIELDS.join(', ')}`);
    if (value === undefined) continue;
    if (name === 'tags') size += checkTags(value, at);
    else if (name === 'channel') size += checkPatterns(value, at);
    else size += checkTexts(value, { at, least: 1, most: name === 'event' ? LIMITS.eventLength : LIMITS.userLength });
  }
  return size;
}

interface TextBounds {
  readonly at: string;
  readonly least: number;
  readonly most: number;
}

/** One text, or a list of texts. */
function checkTexts(value: unknown, { at, least, most }: TextBounds): number {
  const texts: unknown = Array.isArray(value) ? value : [value];
  const list = texts as readonly unknown[];
  if (list.length === 0)
    fail(at, 'is an empty list, which no message matches. Add a value, or leave the condition out');
  let size = 0;
  for (const text of list) {
    if (typeof text !== 'string' || text.length < least || text.length > most || !text.isWellFormed()) {
      fail(at, `must be a string of ${least} to ${most} characters, or a list of them`);
    }
    size += text.length + 1;
  }
  return size;
}

function checkPatterns(value: unknown, at: string): number {
  const size = checkTexts(value, { at, least: 1, most: LIMITS.channelLength });
  const sources = [value].flat() as string[];
  if (sources.length > LIMITS.filterPatterns) fail(at, `may have at most ${LIMITS.filterPatterns} patterns`);
  for (const source of sources) {
    try {
      const { segments } = parsePattern(source);
      if (segments.some(({ kind }) => kind === 'param')) fail(at, 'contains {param}. Use * for one segment');
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      fail(at, `must be a pattern of channels, like "orders:*": ${printableMessage(error.message)}`);
    }
  }
  return size;
}

function checkTags(tags: unknown, place: string): number {
  if (!isObject(tags)) fail(place, 'must be an object: names of tags and what they must be');
  let size = 0;
  for (const [name, test] of Object.entries(tags)) {
    const at = `${place}.${printable(name)}`;
    if (name === '' || name.length > LIMITS.tagNameLength || !name.isWellFormed() || name === '__proto__') {
      fail(at, `is not the name of a tag. Names have 1 to ${LIMITS.tagNameLength} characters`);
    }
    size += name.length + (isObject(test) ? checkTests(test, at) : checkTexts(test, tagValue(at)));
  }
  return size;
}

const tagValue = (at: string): TextBounds => ({ at, least: 0, most: LIMITS.tagValueLength });

function checkTests(tests: Fields, place: string): number {
  const given = Object.entries(tests).filter(([, value]) => value !== undefined);
  if (given.length === 0)
    fail(place, `is an empty object. Use a value, a list of values, or any of ${TESTS.join(', ')}`);
  const size = given.reduce((sum, [name, value]) => sum + checkTest(name, value, `${place}.${printable(name)}`), 0);
  const kinds = new Set(given.flatMap(([name, value]) => (COMPARISONS.includes(name) ? [typeof value] : [])));
  if (kinds.size > 1) fail(place, 'compares with a number and with a string. Use one kind of value');
  return size;
}

function checkTest(name: string, value: unknown, at: string): number {
  if (name === 'exists') {
    if (typeof value !== 'boolean') fail(at, 'must be true or false');
    return 1;
  }
  if (name === 'prefix') return Array.isArray(value) ? fail(at, 'must be one string') : checkTexts(value, tagValue(at));
  if (!COMPARISONS.includes(name)) fail(at, `is not a comparison. Use ${TESTS.join(', ')}`);
  if (typeof value === 'number' && Number.isFinite(value)) return 8;
  if (typeof value !== 'string') fail(at, 'is not comparable. Use a number or a string');
  return checkTexts(value, tagValue(at));
}
