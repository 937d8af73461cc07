import { CLIENT_RETRY } from '../../channels/budgets.ts';
import { Refusal } from '../../refusal.ts';
import type { Ask } from '../../requests/ask.ts';
import { prepareRequest } from '../../requests/prepare-request.ts';
import type { RequestEnd } from '../../requests/request-end.ts';
import { REQUESTS, SessionRequester } from '../../requests/session-requester.ts';
import type { Handler } from '../handler.ts';
import type { SessionContext } from '../session-context.ts';

/** Sends a request to a responder of the channel. SPEC.md section 11.3. */
export const request: Handler<'request'> = (session, { id, channel, data, timeout }, decided, size) => {
  const { identity: by, services } = session;
  const allowed = session.authorize('request', channel, decided);
  if (allowed instanceof Refusal) return allowed;
  const full = checkPending(session, id);
  if (full !== null) return full;
  const replaced = decided?.hooked?.data;
  const asked = replaced === undefined ? { data, size } : { data: replaced };
  const ask = prepareRequest({ channel, timeout, match: allowed, by, ...asked }, services.events);
  return ask instanceof Refusal ? ask : send(session, id, ask);
};

function checkPending({ standings, services }: SessionContext, id: number): Refusal | null {
  const most = services.settings.limits.requests;
  if (standings.has(REQUESTS, `${id}`)) {
    return new Refusal('command_invalid', `"id" ${id} belongs to an unanswered request`);
  }
  if (standings.count(REQUESTS) < most) return null;
  return new Refusal('too_many_requests', `${most} requests of this connection are unanswered`, CLIENT_RETRY);
}

function send(session: SessionContext, command: number, ask: Ask): Promise<RequestEnd> {
  return new Promise((resolve) => {
    const requester: SessionRequester = new SessionRequester(session, {
      command,
      channel: ask.channel,
      onEnd: (end) => {
        session.forget(requester);
        resolve(end);
      },
    });
    session.add(requester);
    requester.waitFor(session.services.requests.request(ask, requester));
  });
}
