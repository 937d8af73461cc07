import type { ErrorBody, ErrorName, Json, ResponderError } from '@sluice/protocol';
import { Refusal } from '../refusal.ts';

/** The last reply to a request: absent data ends a stream without a further reply. */
export interface LastReply {
  readonly data?: Json;
}

/** How a request ended: exactly once. SPEC.md section 11. */
export type RequestEnd = LastReply | Refusal;

/** The responder replied with an error. */
export class ResponderRefusal extends Refusal {
  readonly responder: ResponderError;

  constructor(channel: string, responder: ResponderError) {
    // Without its message, which may quote the request: details are logged.
    super('responder_failed', `a responder of "${channel}" replied with the error "${responder.code}"`);
    this.responder = responder;
  }

  override get body(): ErrorBody {
    return { ...super.body, responder: this.responder };
  }
}

/** How an end is counted: `replied`, or the name of the error. */
export const outcomeOf = (end: RequestEnd): 'replied' | ErrorName => (end instanceof Refusal ? end.error : 'replied');
