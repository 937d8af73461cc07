/** The placeholders of templates. The package `@sluice/bridges` fills them in. */

import type { BridgeOptions, DataFormat } from '../../bridge.ts';
import { rowsOf, type Table } from '../options/option.ts';

/** `type` of the options that are templates. */
const TEMPLATE = 'template';

/** Types of options that are keys of Redis, whose braces are hash tags. */
const KEYS: readonly string[] = ['key', 'list of keys'];

/** The empty JSON pointer (RFC 6901, section 5) is the body itself. */
const WHOLE_BODY = 'data:';

/** Placeholders that have a value. After a colon, `name` and `path` stand for any. */
export interface Placeholders {
  /** For people. */
  readonly of: string;
  readonly known: readonly string[];
}

/** Of messages of a channel. */
const OUTBOUND: Placeholders = { of: 'a message of a channel', known: ['channel', 'source', 'event', 'tag:name'] };

interface Inbound {
  readonly title: string;
  readonly hasKeys: boolean;
  readonly data: DataFormat;
}

/** Of messages of a broker. */
export const placeholdersOf = ({ title, hasKeys, data }: Inbound): Placeholders => ({
  of: `a message of ${title} with data: ${data}`,
  known: [
    ...['topic', 'subject'],
    ...(hasKeys ? ['key'] : []),
    'header:name',
    ...(data === 'json' || data === 'cloudevents' ? ['data:/path'] : []),
    ...(data === 'base64' ? [] : [WHOLE_BODY]),
    ...(data === 'cloudevents' ? ['event'] : []),
  ],
});

const PLACEHOLDER = /\{([^{}]*)\}/g;
const ANY = [
  'topic',
  'subject',
  'key',
  'event',
  'channel',
  'source',
  'header:name',
  'data:/path',
  WHOLE_BODY,
  'tag:name',
];

function isOneOf(known: readonly string[], name: string): boolean {
  return known.some((each) => {
    const [prefix] = /^[a-z]+:\/?(?=.)/.exec(each) ?? [];
    return prefix === undefined ? name === each : name.startsWith(prefix) && name.length > prefix.length;
  });
}

/** What is wrong with a template; `null`: nothing. */
export function templateFault(template: string, { of, known }: Placeholders): string | null {
  const unknown = [...template.matchAll(PLACEHOLDER)].find(([, name = '']) => !isOneOf(known, name));
  if (unknown !== undefined) {
    return `uses ${unknown[0]}, which is no placeholder for ${of}. Use ${known.map((name) => `{${name}}`).join(', ')}`;
  }
  return /[{}]/.test(template.replaceAll(PLACEHOLDER, '')) ? 'has a brace without its other half. Remove it' : null;
}

/** What is wrong with the braces of options that a bridge has as `from`, or as `to` of a bridge that sends: by option. */
export function faultsOfBraces(table: Table, options: BridgeOptions): readonly (readonly [string, string])[] {
  return rowsOf(table).flatMap(({ path, type }) => {
    if (KEYS.includes(type)) return [];
    const faultOf = (text: string) => (type === TEMPLATE ? templateFault(text, OUTBOUND) : literalFault(text));
    const faults = textsAt(options, path).flatMap((text) => faultOf(text) ?? []);
    return faults.slice(0, 1).map((fault) => [path, fault] as const);
  });
}

/** Keys of Redis with a hash tag that may be meant as a placeholder: by option, with what to do. */
export function hintsOfBraces(table: Table, options: BridgeOptions): readonly (readonly [string, string])[] {
  return rowsOf(table).flatMap(({ path, type }) => {
    const found = KEYS.includes(type) ? textsAt(options, path).flatMap((text) => placeholderIn(text) ?? []) : [];
    return found.slice(0, 1).map((tag) => [path, `has ${tag}, which is not filled in here. ${UNLESS_TAG}`] as const);
  });
}

const UNLESS_TAG = 'Unless it is a hash tag of Redis, write a name without placeholders';

const textsAt = (options: BridgeOptions, name: string): readonly string[] =>
  [options[name]].flat().filter((value) => typeof value === 'string');

/** Other braces are right: those of a JSON text, for example. */
function literalFault(text: string): string | null {
  const found = placeholderIn(text);
  return found === undefined ? null : `has ${found}, which is not filled in here. Write a name without placeholders`;
}

const placeholderIn = (text: string): string | undefined =>
  [...text.matchAll(PLACEHOLDER)].find(([, name = '']) => isOneOf(ANY, name))?.[0];
