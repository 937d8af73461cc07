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

const LONGEST = 2_000;

/** The data as text, or its size if it is hidden or large. */
export function describeData({ data, size }: LoggedMessage): string {
  if (size !== undefined) return `${size} characters`;
  const text = JSON.stringify(data) ?? '';
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
}
