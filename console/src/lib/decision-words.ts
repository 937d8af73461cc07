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
      return `refused on ${decision.channel}: ${decision.detail}`;
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

/** How alarming it is: a class of `.tag`. */
export function toneOf({ kind }: ReportedDecision): '' | 'flow' | 'warn' | 'bad' {
  if (kind === 'gap' || kind === 'refused') return 'bad';
  if (kind === 'replaying') return 'warn';
  return kind === 'subscribed' || kind === 'authenticated' ? 'flow' : '';
}
