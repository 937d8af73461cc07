import type { Gap, Message, SluiceError } from '@sluice/client';
import type { Entry } from '@sluice/client/svelte';

/** A message of one's own on its way: it leaves the outbox when the log hands it out. */
export interface Outgoing {
  readonly key: string;
  readonly text: string;
  /** Milliseconds since the Unix epoch, by this browser's clock. */
  readonly time: number;
  /** It waits for the connection or for those before it, or for the gateway's answer. */
  readonly status: 'waiting' | 'sending' | 'delivered' | 'failed';
  /** Known once delivered. */
  readonly offset?: number;
  readonly error?: SluiceError;
}

/** One message as shown: received, or still on its way. */
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
  /** `undefined` where the channel does not say who published. */
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
  /** Key of the first entry that was unread when the room was opened. */
  readonly newSince?: string | undefined;
  /** The rows that are shown now: what stays of them keeps its keys, and so its elements on the page. */
  readonly shown?: readonly Row[] | undefined;
}

/** Lays a room's messages out as rows: days, groups of messages, gaps where they belong, and the start of what is new. */
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

/** A group stays the same group when lines go from its front or come to it: otherwise the page would build all of it anew. */
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

/** The text of a chat message. Backends may publish any JSON: what is not `{ text }` is shown as it came. */
export function textOf(data: unknown): string {
  if (typeof data === 'object' && data !== null && 'text' in data && typeof data.text === 'string') return data.text;
  return typeof data === 'string' ? data : JSON.stringify(data);
}

/** Messages never change, and neither do their lines: what is shown already need not be looked at again. */
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
