import { CLIENT_REMEDIES, ERROR_DOCS, ERRORS } from '@sluice/protocol';
import type { Gap, SluiceError } from '../index.ts';

// So many causes of one client are remembered. Those that come after are still reported; older ones may be told once more.
const CAUSES = 100;

// So many gaps of one channel are told one by one.
const GAPS = 20;

// A cause is cut to so many characters: a page of HTML may be in it.
const CAUSE_LENGTH = 200;

/** What a client has told already, and how many gaps of which channel. */
interface Memory {
  readonly causes: Set<string>;
  readonly gaps: Map<string, number>;
}

const REMEDIES = new Map([
  ...Object.entries(CLIENT_REMEDIES),
  ...Object.entries(ERRORS).map(([name, { remedy }]) => [name, remedy] as const),
]);

const memories = new WeakMap<object, Memory>();

/**
 * Writes to the console what went wrong: once for each cause, with what to do and where to read more.
 *
 * @param client whose memory of what was told counts
 */
export function explain(client: object, news: SluiceError | Gap): void {
  const memory = memories.get(client) ?? { causes: new Set(), gaps: new Map() };
  memories.set(client, memory);
  const text = 'lost' in news ? describeGap(news, memory.gaps) : describeError(news);
  // What the application threw may differ each time, for instance by a time stamp: it does not count as another cause.
  const cause = 'lost' in news ? text : `${news.name} ${news.message}`;
  if (text === undefined || cause === undefined || !isNew(memory.causes, cause)) return;
  const level = 'lost' in news ? 'warn' : 'error';
  globalThis.console?.[level](`[sluice] ${text}`);
}

function describeError({ name, message, remedy, docs, cause }: SluiceError): string {
  // An error without a remedy of its own has the address of the documentation instead.
  const advice = remedy.includes(docs) ? (REMEDIES.get(name) ?? '') : remedy;
  const words = [
    sentence(message),
    describeCause(cause, message),
    message.includes(advice) ? '' : advice,
    `(${name}, ${docs})`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** What lay behind it, for instance what the token function threw; without anything that looks like a token. */
function describeCause(cause: unknown, message: string): string {
  const text = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : '';
  if (text === '' || message.includes(text)) return '';
  return `Cause: ${sentence(text.replace(/eyJ[\w.-]+/g, '(token)').slice(0, CAUSE_LENGTH))}`;
}

function describeGap({ channel, from, to, lost, reason }: Gap, gaps: Map<string, number>): string | undefined {
  const count = bump(gaps, channel);
  if (count > GAPS + 1) return undefined;
  if (count > GAPS) return `More gaps in "${channel}" are not shown here. Give subscribe an onGap, or listen to "gap".`;
  const range =
    from.epoch === to.epoch
      ? `${from.offset + 1} to ${to.offset} of epoch ${to.epoch}, ${lost} lost`
      : `after ${from.offset} of epoch ${from.epoch}, up to ${to.offset} of epoch ${to.epoch}`;
  return `Gap in "${channel}": ${range} (${reason}). Give subscribe an onGap, or listen to the client's "gap", and reload the data that these messages changed (${ERROR_DOCS}gaps).`;
}

function bump(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.delete(key);
  counts.set(key, count);
  forgetOldest(counts);
  return count;
}

function isNew(causes: Set<string>, text: string): boolean {
  if (causes.has(text)) return false;
  causes.add(text);
  forgetOldest(causes);
  return true;
}

function forgetOldest(memory: Set<string> | Map<string, number>): void {
  const [oldest] = memory.keys();
  if (memory.size > CAUSES && oldest !== undefined) memory.delete(oldest);
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
