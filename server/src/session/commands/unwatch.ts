import { notWatching } from '@sluice/protocol';
import { PRESENCE_SUBSCRIPTIONS } from '../../presence/presence-subscription.ts';
import type { Handler } from '../handler.ts';
import { endAsked } from '../standing-commands.ts';

/** Stops watching who is present. SPEC.md section 4.11. */
export const unwatch: Handler<'unwatch'> = (session, { channel }) =>
  endAsked(session, session.standings.of(PRESENCE_SUBSCRIPTIONS).get(channel), notWatching(channel));
