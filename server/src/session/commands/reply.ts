import { requestEnded } from '@sluice/protocol';
import { Refusal } from '../../refusal.ts';
import { asResult, replyTo } from '../../requests/reply-to.ts';
import { Responder } from '../../requests/responder.ts';
import type { Handler } from '../handler.ts';

/** Replies to a request. SPEC.md section 11.5. */
export const reply: Handler<'reply'> = (session, { request, data, error, more }, _decided, size) => {
  const { requests, events } = session.services;
  const open = requests.find(request);
  if (!(open?.handler instanceof Responder && open.handler.isOf(session))) {
    const { error: name, detail } = requestEnded(request);
    return new Refusal(name, detail);
  }
  return asResult(replyTo(open, { data, error, more, size }, events));
};
