import { alreadyResponding, LIMITS } from '@sluice/protocol';
import { Refusal } from '../../refusal.ts';
import { RESPONDERS, Responder } from '../../requests/responder.ts';
import type { Handler } from '../handler.ts';
import { Permit } from '../permit.ts';
import { mayBegin } from '../standing-commands.ts';

/** Registers a responder. SPEC.md section 11.1. */
export const respond: Handler<'respond'> = (session, command, decided) => {
  const { channel, concurrency = LIMITS.concurrencyDefault } = command;
  const allowed = mayBegin(session, {
    ...{ kind: RESPONDERS, key: channel, verb: 'respond', channel, decided },
    already: alreadyResponding(channel),
    most: (limit) => `respond on at most ${limit} channels`,
  });
  if (allowed instanceof Refusal) return allowed;
  const { requests, clock } = session.services;
  const onFinished = (responder: Responder) => void session.forget(responder);
  const responder = new Responder(session, { channel, concurrency, clock, requests, onFinished });
  session.add(responder);
  const offered = responder.start();
  if (!(offered instanceof Promise)) return {};
  const permit = new Permit(session, 'respond', channel, allowed);
  return offered.then(async () => (await permit.check()) ?? {});
};
