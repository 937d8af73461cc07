import type { Route } from '../../route.ts';
import {
  type AdministrationServices,
  deadRoute,
  discardRoute,
  redriveRoute,
  seekRoute,
  statsRoute,
} from './administer.ts';
import { leaseRoute } from './lease.ts';
import { ackRoute, extendRoute, nackRoute } from './settle.ts';

const GROUP = '/api/v1/channels/{channel}/groups/{group}';

/** The routes of consumer groups. */
export function groupRoutes(services: AdministrationServices, takesBody: Route['takesBody']): readonly Route[] {
  const post = (name: string, summary: string, handle: Route['handle']): Route => ({
    ...{ method: 'POST', path: `${GROUP}/${name}`, summary, handle },
    ...(takesBody && { takesBody }),
  });
  return [
    { method: 'GET', path: GROUP, summary: 'The numbers of a consumer group', handle: statsRoute(services) },
    post('lease', 'Claim messages of a group, and wait for them', leaseRoute(services)),
    post('ack', 'Acknowledge deliveries', ackRoute(services)),
    post('nack', 'Give deliveries back, or make them dead letters', nackRoute(services)),
    post('extend', 'Give deliveries more time', extendRoute(services)),
    { method: 'GET', path: `${GROUP}/dead`, summary: 'Dead letters of a group', handle: deadRoute(services) },
    post('redrive', 'Deliver dead letters again', redriveRoute(services)),
    post('discard', 'Remove dead letters for good', discardRoute(services)),
    post('seek', 'Move a group to an offset or a time', seekRoute(services)),
  ];
}
