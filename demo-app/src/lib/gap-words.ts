import type { Gap } from '@sluice/client';

/** The text of a gap notice. */
export interface GapWords {
  readonly title: string;
  readonly reason: string;
  /** The lost offsets, e.g. `42–44`; absent if they are unknown. */
  readonly offsets?: string;
}

// SPEC.md section 6 lists the reasons for gaps.
const REASONS: Record<string, string> = {
  epoch_changed: 'The channel began a new log while you were away.',
  retention: 'The channel’s log no longer reaches back that far.',
  no_history: 'This channel keeps no history to catch up from.',
  slow_reader: 'Your connection was too slow to receive them.',
};

/** Describes a gap: how many messages are missing, or that their number is unknown. */
export function gapWords({ from, to, reason, lost }: Gap): GapWords {
  const sentence = REASONS[reason] ?? `Reason: ${reason}.`;
  if (lost === undefined) return { title: 'History before this point is not available', reason: sentence };
  const title = lost === 1 ? '1 message could not be recovered' : `${lost} messages could not be recovered`;
  return { title, reason: sentence, offsets: lost > 1 ? `${from.offset + 1}–${to.offset}` : `${to.offset}` };
}
