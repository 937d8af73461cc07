import { CLIENT_REMEDIES, ERROR_DOCS, ERRORS } from '@sluice/protocol';
import type { Gap } from '../channel-api.ts';
import type { SluiceError } from '../errors.ts';

// Causes to remember per client. Newer causes are still reported, and older ones may be reported again.
const CAUSES = 100;

// Gaps of one channel that are reported individually.
const GAPS = 20;

// Characters of a cause that are shown: it may contain an HTML page.
const CAUSE_LENGTH = 200;

/** The causes that a client has reported, and the number of gaps by channel. */
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
 * Writes an error or a gap to the console, once per cause, with a remedy and a link.
 *
 * @param client the client whose reported causes are remembered
 */
export function explain(client: object, news: SluiceError | Gap): void {
  const memory = memories.get(client) ?? { causes: new Set(), gaps: new Map() };
  memories.set(client, memory);
  const text = 'lost' in news ? describeGap(news, memory.gaps) : describeError(news);
  // The cause of an application error may differ each time, for instance by a time stamp. It does
  // not count.
  const cause = 'lost' in news ? text : `${news.name} ${news.message}`;
  if (text === undefined || cause === undefined || !isNew(memory.causes, cause)) return;
  const level = 'lost' in news ? 'warn' : 'error';
  globalThis.console?.[level](`[sluice] ${text}`);
}

function describeError({ name, message, remedy, docs, cause }: SluiceError): string {
  // An error without its own remedy has the address of the documentation instead.
  const advice = remedy.includes(docs) ? (REMEDIES.get(name) ?? '') : remedy;
  const words = [
    sentence(message),
    describeCause(cause, message),
    message.includes(advice) ? '' : advice,
    `(${name}, ${docs})`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** The cause, for instance the error of the token function, with tokens masked. */
function describeCause(cause: unknown, message: string): string {
  const text = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : '';
  if (text === '' || message.includes(text)) return '';
  return `Cause: ${sentence(text.replace(/eyJ[\w.-]+/g, '(token)').slice(0, CAUSE_LENGTH))}`;
}

function describeGap({ channel, from, to, lost, reason }: Gap, gaps: Map<string, number>): string | undefined {
  const count = bump(gaps, channel);
  if (count > GAPS + 1) return undefined;
  if (count > GAPS) return `More gaps in "${channel}" are not shown here. Pass onGap to subscribe, or listen to "gap".`;
  const range =
    from.epoch === to.epoch
      ? `${from.offset + 1} to ${to.offset} of epoch ${to.epoch}, ${lost} lost`
      : `after ${from.offset} of epoch ${from.epoch}, up to ${to.offset} of epoch ${to.epoch}`;
  return `Gap in "${channel}": ${range} (${reason}). Pass onGap to subscribe, or listen to the client's "gap" event. Then reload the data that these messages changed (${ERROR_DOCS}gaps).`;
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
