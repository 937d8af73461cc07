/** Nanoseconds since the Unix epoch, in decimal digits: a number would round them. */
export type ServerTime = string;

const PER_MILLISECOND = 1_000_000n;
const PER_SECOND = 1_000_000_000n;
/** Characters of `2026-01-31T00:00:00`. */
const SECONDS = 19;

/** Reads a time as the server writes it, `2026-01-31T00:00:00.123456789Z`. */
export function parseTime(text: string): ServerTime {
  const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? '';
  const seconds = BigInt(Date.parse(`${text.slice(0, SECONDS)}Z`)) * PER_MILLISECOND;
  return `${seconds + BigInt(fraction.padEnd(9, '0'))}`;
}

/** Writes the time that follows another one, as the server reads it. */
export function timeAfter(time: ServerTime): string {
  const next = BigInt(time) + 1n;
  const seconds = new Date(Number(next / PER_MILLISECOND)).toISOString().slice(0, SECONDS);
  return `${seconds}.${`${next % PER_SECOND}`.padStart(9, '0')}Z`;
}

/** Parts of `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<delivery>.<time>.<pending>`. */
const SHORT = 9;
/** Parts that newer servers write in front of the stream: domain and account. */
const MORE = 2;

/** When the server stored a message, by the subject of its acknowledgement: the client rounds the time. */
export function storedAt(message: object): ServerTime {
  const { reply } = message as { readonly reply: string }; // the client has it, and does not declare it
  const parts = reply.split('.');
  return parts[SHORT - 2 + (parts.length > SHORT ? MORE : 0)] ?? '';
}
