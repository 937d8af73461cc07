import { channelNameFault } from '@sluice/protocol';
import { Refusal } from '../../../refusal.ts';
import { asManager } from '../../manager.ts';
import { readNumbers } from '../../query.ts';
import type { Route } from '../../route.ts';
import { type ActionServices, audit } from './act.ts';

const UP_TO = { upTo: { min: 1, max: Number.MAX_SAFE_INTEGER } };

/** `DELETE /api/v1/channels/{channel}/messages?upTo`: removes the messages up to an offset, for good. */
export function purgeRoute(services: ActionServices): Route['handle'] {
  return (request, { channel = '' }) =>
    asManager(request, services, channel, async (by) => {
      const fault = channelNameFault(channel);
      if (fault !== null) return new Refusal('channel_invalid', fault);
      const query = readNumbers(request.query, UP_TO);
      if (query instanceof Refusal) return query;
      if (query.upTo === undefined) return new Refusal('command_invalid', NO_OFFSET);
      const ends = await services.manage.purge(channel, query.upTo);
      if (!(ends instanceof Refusal)) {
        audit(services, { action: 'purge', target: channel, by, report: { connections: 0 } });
      }
      return ends;
    });
}

const NO_OFFSET = '"upTo" must be the offset of the last message to remove';
