import type { ReportedDecision } from '../state/types.ts';

/** What happened, in the words of the protocol. */
export function describe(decision: ReportedDecision): string {
  switch (decision.kind) {
    case 'authenticated':
      return 'connected';
    case 'subscribed': {
      const filter = decision.conditions === undefined ? '' : ', filtered';
      return `subscribed to ${decision.channel} after offset ${decision.start.offset}${filter}`;
    }
    case 'unsubscribed':
      return `left ${decision.log} at offset ${decision.end.offset} (${ENDS[decision.reason]})`;
    case 'gap': {
      const first = decision.from.epoch === decision.to.epoch ? decision.from.offset + 1 : 1;
      return `gap in ${decision.log}: ${first} to ${decision.to.offset} (${decision.reason})`;
    }
    case 'replaying':
      return `replays ${decision.log} (${decision.cause})`;
    case 'refused':
      return `refused ${decision.command} on ${decision.channel}: ${decision.detail}`;
    case 'closed':
      return `closed with ${decision.code}${decision.reason === '' ? '' : `: ${decision.reason}`}`;
  }
}

const ENDS = {
  asked: 'asked',
  permission: 'lost the permission',
  removed: 'ended by the backend',
  closed: 'connection closed',
} as const;

/** A class of `.tag`. */
export type Tone = '' | 'good' | 'flow' | 'warn' | 'bad';

/** How alarming it is. */
export function toneOf(decision: ReportedDecision): Tone {
  const { kind } = decision;
  if (kind === 'gap' || kind === 'refused' || isDenied(decision)) return 'bad';
  if (kind === 'replaying') return 'warn';
  return kind === 'subscribed' || kind === 'authenticated' ? 'flow' : '';
}

/** Operators and tokens that have been renewed close connections as well: those are no trouble. */
const ASKED_FOR: readonly number[] = [4212, 4010];

/** Has the gateway closed the connection because of its token, or for good? */
export const isDenied = (decision: ReportedDecision): boolean =>
  decision.kind === 'closed' && decision.code >= 4100 && decision.code < 4300 && !ASKED_FOR.includes(decision.code);

/** Did a subscription fall behind because its client read too slowly? */
export const isSlow = (decision: ReportedDecision): boolean =>
  decision.kind === 'replaying' && decision.cause === 'slow_reader';
