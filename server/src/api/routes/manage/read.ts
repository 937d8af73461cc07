import { channelNameFault, LIMITS, unknownChannel } from '@sluice/protocol';
import type { ChannelsQuery, ConnectionsQuery, PageQuery } from '../../../manage/manage.ts';
import { Refusal } from '../../../refusal.ts';
import { asManager, EVERYTHING, type ManageServices } from '../../manager.ts';
import { readNumbers, refuseOptions } from '../../query.ts';
import type { Route } from '../../route.ts';

/** `GET /api/v1/nodes`: the nodes of the cluster. */
export function nodesRoute(services: ManageServices): Route['handle'] {
  return (request) =>
    asManager(request, services, EVERYTHING, () => refuseOptions(request.query) ?? services.manage.nodes());
}

/** `GET /api/v1/config`: the configuration of the node that answers, without secrets. */
export function configRoute(services: ManageServices): Route['handle'] {
  return (request) =>
    asManager(request, services, EVERYTHING, () => refuseOptions(request.query) ?? services.manage.config());
}

/** `GET /api/v1/channels?pattern&cursor&limit`: the channels with subscriptions, members or messages, by name. */
export function channelsRoute(services: ManageServices): Route['handle'] {
  return (request) => {
    const pattern = request.query.get('pattern') ?? EVERYTHING;
    return asManager(request, services, pattern, () => {
      const page = readPage(request.query, ['pattern']);
      const query: ChannelsQuery | Refusal = page instanceof Refusal ? page : { ...page, pattern };
      return query instanceof Refusal ? query : services.manage.channels(query);
    });
  };
}

/** `GET /api/v1/channels/{channel}`: one channel, over all nodes. */
export function channelRoute(services: ManageServices): Route['handle'] {
  return (request, { channel = '' }) =>
    asManager(request, services, channel, async () => {
      const fault = channelNameFault(channel);
      if (fault !== null) return new Refusal('channel_invalid', fault);
      const strange = refuseOptions(request.query);
      if (strange !== null) return strange;
      return (await services.manage.channel(channel)) ?? new Refusal('channel_unknown', unknownChannel(channel).detail);
    });
}

/** `GET /api/v1/users/{user}`: a user's connections and channels, over all nodes. */
export function userRoute(services: ManageServices): Route['handle'] {
  return (request, { user = '' }) =>
    asManager(request, services, EVERYTHING, () => refuseOptions(request.query) ?? services.manage.user(user));
}

/** `GET /api/v1/connections?user&node&slow&cursor&limit`: connections, by id. */
export function connectionsRoute(services: ManageServices): Route['handle'] {
  return (request) =>
    asManager(request, services, EVERYTHING, () => {
      const query = readConnections(request.query);
      return query instanceof Refusal ? query : services.manage.connections(query);
    });
}

function readConnections(query: URLSearchParams): ConnectionsQuery | Refusal {
  const page = readPage(query, ['user', 'node', 'slow']);
  if (page instanceof Refusal) return page;
  const [user, node, slow] = [query.get('user'), query.get('node'), query.get('slow')];
  if (slow !== null && slow !== 'true' && slow !== 'false') {
    return new Refusal('command_invalid', '"slow" must be true or false');
  }
  return {
    ...page,
    ...(user === null ? {} : { user }),
    ...(node === null ? {} : { node }),
    ...(slow === null ? {} : { slow: slow === 'true' }),
  };
}

/** @param others options that are read elsewhere */
function readPage(query: URLSearchParams, others: readonly string[]): PageQuery | Refusal {
  const numbers = readNumbers(query, { limit: { min: 1, max: LIMITS.historyPage } }, [...others, 'cursor']);
  if (numbers instanceof Refusal) return numbers;
  const cursor = query.get('cursor');
  return cursor === null ? numbers : { ...numbers, cursor };
}
