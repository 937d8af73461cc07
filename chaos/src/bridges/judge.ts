/** What a broker holds of a message that a bridge has sent. */
export interface Sent {
  /** In the channel. */
  readonly offset: number;
  /** The number that was published. */
  readonly n: number;
  /** Is it a record that stands for lost messages? */
  readonly isGap: boolean;
}

/** A message of a channel's log. */
export interface Logged {
  readonly offset: number;
  readonly n: number;
}

/**
 * Judges the log of a channel: the numbers that the broker has for it, each once and in its order.
 *
 * @returns the first violation, if there is one
 */
export function judgeLog(log: readonly Logged[], expected: readonly number[]): readonly string[] {
  const hole = log.findIndex(({ offset }, at) => offset !== at + 1);
  if (hole !== -1) return [`offset ${log[hole]?.offset} follows ${log[hole - 1]?.offset ?? 0}`];
  const at = expected.findIndex((n, index) => log[index]?.n !== n);
  if (at === -1) return log.length > expected.length ? [`${describeExtra(log, expected.length)}`] : [];
  const found = log[at];
  const wanted = expected[at];
  if (found === undefined) return [`${wanted} is missing at the end, with ${expected.length - log.length - 1} others`];
  if (log.slice(0, at).some(({ n }) => n === found.n)) return [`${found.n} appears again at offset ${found.offset}`];
  const isLater = log.slice(at).some(({ n }) => n === wanted);
  return [
    `${found.n} is at offset ${found.offset}, where ${wanted} was expected, which ${isLater ? 'is later' : 'is missing'}`,
  ];
}

const describeExtra = (log: readonly Logged[], from: number): string =>
  `${log[from]?.n} at offset ${log[from]?.offset} is more than the broker has`;

export interface SentRules {
  /** How many messages the channel has, at the offsets from 1. */
  readonly count: number;
  /** Does the broker recognise what is sent again? */
  readonly deduplicates: boolean;
}

/**
 * Judges what a broker holds of a channel: each message at least once, once if the broker recognises
 * repeats, and in order if repeats are dropped.
 *
 * @returns violations, one of each kind
 */
export function judgeSent(sent: readonly Sent[], { count, deduplicates }: SentRules): readonly string[] {
  const seen = new Set<number>();
  const faults = new Map<string, string>();
  let latest = 0;
  const note = (kind: string, text: string) => void (faults.has(kind) || faults.set(kind, text));
  for (const { offset, n, isGap } of sent) {
    if (isGap) note('gap', `a gap was sent up to offset ${offset}, but the log has kept everything`);
    else if (n !== offset) note('number', `offset ${offset} has the number ${n}`);
    else if (!seen.has(offset) && offset < latest)
      note('order', `${offset} arrived for the first time after ${latest}`);
    else if (seen.has(offset) && deduplicates) note('repeat', `${offset} arrived twice`);
    if (isGap) continue;
    seen.add(offset);
    latest = Math.max(latest, offset);
  }
  const missing = Array.from({ length: count }, (_, at) => at + 1).filter((offset) => !seen.has(offset));
  if (missing.length > 0) note('missing', `${missing.length} are missing, the first is ${missing[0]}`);
  if (latest > count) note('more', `${latest} arrived, but only ${count} were published`);
  return [...faults.values()];
}
