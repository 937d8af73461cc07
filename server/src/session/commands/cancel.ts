import { REQUESTS } from '../../requests/session-requester.ts';
import type { Handler } from '../handler.ts';

/** Cancels a request. SPEC.md section 11.4. */
export const cancel: Handler<'cancel'> = (session, { request }) => {
  const requester = session.standings.of(REQUESTS).get(`${request}`);
  if (requester !== undefined) void session.end(requester, 'asked');
  return {};
};
