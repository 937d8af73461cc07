import type { ManageServices } from '../../manager.ts';
import type { Route } from '../../route.ts';
import { channelRoute, channelsRoute, connectionsRoute, nodesRoute, userRoute } from './read.ts';

const API = '/api/v1';

/** The routes for operators: what there is on all nodes, and what can be done about it. */
export function manageRoutes(services: ManageServices): readonly Route[] {
  const get = (path: string, summary: string, handle: Route['handle']): Route => ({
    ...{ method: 'GET', path: `${API}${path}`, summary, handle },
  });
  return [
    get('/nodes', 'The nodes of the cluster', nodesRoute(services)),
    get('/channels', 'The channels with subscriptions, over all nodes', channelsRoute(services)),
    get('/channels/{channel}', 'Subscribers, members and log of a channel', channelRoute(services)),
    get('/users/{user}', "A user's connections and channels", userRoute(services)),
    get('/connections', 'The connections of all nodes', connectionsRoute(services)),
  ];
}
