import type { Gap, Message, SluiceError } from '@sluice/client';
import type { Entry } from '@sluice/client/svelte';

/** An outgoing message of the own user, until the subscription delivers it. */
export interface Outgoing {
  readonly key: string;
  readonly text: string;
  /** Milliseconds since the Unix epoch, by this browser's clock. */
  readonly time: number;
  /** It waits for the connection, for earlier messages, or for the gateway's reply. */
  readonly status: 'waiting' | 'sending' | 'delivered' | 'failed';
  /** Known once delivered. */
  readonly offset?: number;
  readonly error?: SluiceError;
}

/** One shown message: received or outgoing. */
export interface Line {
  readonly key: string;
  readonly text: string;
  readonly time: number;
  readonly status: 'received' | Outgoing['status'];
  readonly offset?: number;
  readonly error?: SluiceError;
}

/** Consecutive messages of one author within one minute. */
export interface Group {
  readonly kind: 'group';
  readonly key: string;
  /** `undefined` if the message has no publisher. */
  readonly author: string | undefined;
  readonly own: boolean;
  readonly time: number;
  readonly lines: Line[];
}

export type Row =
  | Group
  | { readonly kind: 'day'; readonly key: string; readonly time: number }
  | { readonly kind: 'new'; readonly key: string }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap };

interface TimelineInput {
  readonly entries: readonly Entry[];
  readonly outbox: readonly Outgoing[];
  readonly user: string;
  /** Key of the first unread entry at the time the room was opened. */
  readonly newSince?: string | undefined;
  /** The current rows. Unchanged ones keep their keys and thus their elements. */
  readonly shown?: readonly Row[] | undefined;
}

/** Arranges a room's messages as rows: days, groups of messages, gaps, and the start of new messages. */
export function buildRows({ entries, outbox, user, newSince, shown = [] }: TimelineInput): Row[] {
  const rows: Row[] = [];
  for (const entry of entries) {
    if (entry.key === newSince) rows.push({ kind: 'new', key: 'new' });
    if (entry.kind === 'gap') rows.push(entry);
    else addLine(rows, lineOf(entry.key, entry.message), { author: entry.message.from, user });
  }
  for (const item of outbox) addLine(rows, item, { author: user, user });
  return keepKeys(rows, shown);
}

/** A group keeps its key when lines are removed from its front or added. Otherwise the page would render it again. */
function keepKeys(rows: readonly Row[], shown: readonly Row[]): Row[] {
  const known = new Map<string, string>();
  for (const row of shown) if (row.kind === 'group') for (const { key } of row.lines) known.set(key, row.key);
  const taken = new Set<string>();
  return rows.map((row) => {
    if (row.kind !== 'group') return row;
    const kept = row.lines.map((line) => known.get(line.key)).find((key) => key !== undefined && !taken.has(key));
    const key = kept ?? free(row.key, taken);
    taken.add(key);
    return { ...row, key };
  });
}

function free(key: string, taken: ReadonlySet<string>): string {
  return taken.has(key) ? free(`${key}'`, taken) : key;
}

/** The text of a chat message. Backends may publish any JSON: anything but `{ text }` is shown as JSON. */
export function textOf(data: unknown): string {
  if (typeof data === 'object' && data !== null && 'text' in data && typeof data.text === 'string') return data.text;
  return typeof data === 'string' ? data : JSON.stringify(data);
}

/** Caches lines, because messages never change. */
const lines = new WeakMap<Message, Line>();

function lineOf(key: string, message: Message): Line {
  const known = lines.get(message);
  if (known?.key === key) return known;
  const { data, time, offset } = message;
  const line = { key, text: textOf(data), time, offset, status: 'received' } as const;
  lines.set(message, line);
  return line;
}

function addLine(rows: Row[], line: Line, { author, user }: { author: string | undefined; user: string }): void {
  const day = lastTime(rows);
  if (day === undefined || !sameDay(day, line.time))
    rows.push({ kind: 'day', key: `day ${line.key}`, time: line.time });
  const last = rows.at(-1);
  if (last?.kind === 'group' && last.author === author && minuteOf(last.time) === minuteOf(line.time)) {
    last.lines.push(line);
    return;
  }
  const own = author !== undefined && author === user;
  rows.push({ kind: 'group', key: `group ${line.key}`, author, own, time: line.time, lines: [line] });
}

function lastTime(rows: readonly Row[]): number | undefined {
  for (let at = rows.length - 1; at >= 0; at--) {
    const row = rows[at];
    if (row?.kind === 'group' || row?.kind === 'day') return row.time;
  }
  return undefined;
}

function minuteOf(time: number): number {
  return Math.floor(time / 60_000);
}

function sameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
