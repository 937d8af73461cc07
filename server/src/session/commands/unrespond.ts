import { notResponding } from '@sluice/protocol';
import { Refusal } from '../../refusal.ts';
import { RESPONDERS } from '../../requests/responder.ts';
import type { Handler } from '../handler.ts';

/** Ends the registration of a responder, which may still answer its open requests. SPEC.md section 11.2. */
export const unrespond: Handler<'unrespond'> = (session, { channel }) => {
  const responder = session.standings.of(RESPONDERS).get(channel);
  if (responder === undefined) {
    const { error, detail } = notResponding(channel);
    return new Refusal(error, detail);
  }
  session.forget(responder);
  responder.finish();
  if (responder.isBusy) session.add(responder);
  return {};
};
