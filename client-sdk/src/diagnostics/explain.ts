import { CLIENT_REMEDIES, ERROR_DOCS, ERRORS } from '@sluice/protocol';
import type { Gap, SluiceError } from '../index.ts';

// So many causes of one client are remembered. Those that come after are still told; older ones may be told once more.
const CAUSES = 100;

// So many gaps of one channel are told one by one.
const GAPS = 20;

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
  if (text === undefined || !isNew(memory.causes, text)) return;
  const level = 'lost' in news ? 'warn' : 'error';
  globalThis.console?.[level](`[sluice] ${text}`);
}

function describeError({ name, message, remedy, docs }: SluiceError): string {
  // An error without a remedy of its own has the address of the documentation instead.
  const advice = remedy.includes(docs) ? (REMEDIES.get(name) ?? '') : remedy;
  const words = [sentence(message), message.includes(advice) ? '' : advice, `(${name}, ${docs})`];
  return words.filter((word) => word !== '').join(' ');
}

function describeGap({ channel, from, to, lost, reason }: Gap, gaps: Map<string, number>): string | undefined {
  const count = bump(gaps, channel);
  if (count > GAPS + 1) return undefined;
  if (count > GAPS) return `More gaps in "${channel}" are not shown here. Give subscribe an onGap, or listen to "gap".`;
  const range =
    from.epoch === to.epoch
      ? `${from.offset + 1} to ${to.offset} of epoch ${to.epoch}, ${lost} lost`
      : `after ${from.offset} of epoch ${from.epoch}, up to ${to.offset} of epoch ${to.epoch}`;
  return `Gap in "${channel}": ${range} (${reason}). Give subscribe an onGap, or listen to the client's "gap", and load anew what these messages told (${ERROR_DOCS}gaps).`;
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
