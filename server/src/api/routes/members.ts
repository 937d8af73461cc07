import { LIMITS } from '@sluice/protocol';
import type { Identity } from '../../auth/identity.ts';
import { readMembers } from '../../presence/members.ts';
import type { Presence } from '../../presence/presence.ts';
import { Refusal } from '../../refusal.ts';
import { asBackend, type BackendServices, onChannel, permit } from '../backend.ts';
import { type Fields, readFields } from '../fields.ts';
import { readNumbers } from '../query.ts';
import type { Route } from '../route.ts';

export interface MemberServices extends BackendServices {
  readonly presence: Presence;
}

const PAGE = {
  after: { min: 0, max: Number.MAX_SAFE_INTEGER },
  limit: { min: 1, max: LIMITS.historyPage },
};

/** `GET /api/v1/channels/{channel}/members?after&limit`: a page of the members on all nodes. */
export function membersRoute(services: MemberServices): Route['handle'] {
  return (request, { channel = '' }) =>
    onChannel(request, services, { verb: 'presence', channel }, () => {
      const query = readNumbers(request.query, PAGE);
      if (query instanceof Refusal) return query;
      const { after = 0, limit = LIMITS.historyDefault } = query;
      return readMembers(services.presence, channel, { after, limit, onBytes: () => {} });
    });
}

/** Channels of one request for counts. */
const MOST_CHANNELS = 1000;

/**
 * `POST /api/v1/members/counts`: `{ channels: […] }` is answered with `{ counts: { … } }`, the
 * number of members of each channel. A channel that the key may not see is listed in `errors`.
 */
export function memberCountsRoute(services: MemberServices): Route['handle'] {
  return (request) =>
    asBackend(request, services, async (by) => {
      const fields = await readFields(request, ['channels']);
      if (fields instanceof Refusal) return fields;
      const channels = readChannels(fields);
      return channels instanceof Refusal ? channels : countAll(services, by, channels);
    });
}

function readChannels({ channels }: Fields): readonly string[] | Refusal {
  const valid = Array.isArray(channels) && channels.every((channel) => typeof channel === 'string');
  if (!valid || channels.length === 0 || channels.length > MOST_CHANNELS) {
    return new Refusal('command_invalid', `"channels" must be a list of 1 to ${MOST_CHANNELS} channel names`);
  }
  return channels as string[];
}

async function countAll(services: MemberServices, by: Identity, channels: readonly string[]): Promise<object> {
  const counts: Record<string, number> = Object.create(null) as Record<string, number>;
  const errors: Record<string, object> = Object.create(null) as Record<string, object>;
  await Promise.all(
    channels.map(async (channel) => {
      const decision = await permit(services, by, { verb: 'presence', channel });
      if (decision instanceof Refusal) errors[channel] = decision.body;
      else counts[channel] = (await services.presence.list(channel, 0, 0)).total;
    }),
  );
  return Object.keys(errors).length === 0 ? { counts } : { counts, errors };
}
