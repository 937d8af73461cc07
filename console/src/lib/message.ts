import { many } from './words.ts';

/** A message of a log, as the API and a tap have it. */
export interface LoggedMessage {
  readonly id: string;
  readonly offset: number;
  readonly time: number;
  /** Absent, or `null` with a `size`: it was not asked for, or is too large for a tap. */
  readonly data?: unknown;
  /** Characters of the data. */
  readonly size?: number;
  readonly event?: string;
  readonly from?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A page of a log. */
export interface LogPage {
  readonly first: number;
  readonly head: number;
  readonly messages: readonly LoggedMessage[];
  /** The offsets that the page is about, if it has not all of them: the others have expired. */
  readonly covers?: { readonly from: number; readonly to: number };
}

/** The offset at which a page begins, whether or not a message is there; `undefined`: it covers none. */
export const startOf = ({ messages, covers }: Pick<LogPage, 'messages' | 'covers'>): number | undefined =>
  covers?.from ?? messages[0]?.offset;

const LONGEST = 2_000;

/** The data as text, or its size if it is hidden or large. */
export function describeData({ data, size }: LoggedMessage): string {
  if (size !== undefined) return many(size, 'character');
  const text = JSON.stringify(data) ?? '';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${many(text.length, 'character')})` : text;
}
