import type { Route } from '../../route.ts';
import {
  type ActionServices,
  closeRoute,
  disconnectRoute,
  recheckRoute,
  subscribeRoute,
  unsubscribeRoute,
} from './act.ts';
import { enterMemberRoute, removeMemberRoute } from './member.ts';
import { purgeRoute } from './purge.ts';
import { channelRoute, channelsRoute, configRoute, connectionsRoute, nodesRoute, userRoute } from './read.ts';

const API = '/api/v1';

/** The routes for operators: what there is on all nodes, and what can be done about it. */
export function manageRoutes(services: ActionServices, takesBody: Route['takesBody']): readonly Route[] {
  const get = (path: string, summary: string, handle: Route['handle']): Route => ({
    ...{ method: 'GET', path: `${API}${path}`, summary, handle },
  });
  const post = (path: string, summary: string, handle: Route['handle']): Route => ({
    ...{ method: 'POST', path: `${API}${path}`, summary, handle },
    ...(takesBody && { takesBody }),
  });
  return [
    get('/nodes', 'The nodes of the cluster', nodesRoute(services)),
    get('/config', 'The configuration in force, without secrets', configRoute(services)),
    get('/channels', 'The channels with subscriptions, members or messages, over all nodes', channelsRoute(services)),
    get('/channels/{channel}', 'Subscribers, members and log of a channel', channelRoute(services)),
    get('/users/{user}', "A user's connections and channels", userRoute(services)),
    get('/connections', 'The connections of all nodes', connectionsRoute(services)),
    post('/users/{user}/disconnect', "Close a user's connections", disconnectRoute(services)),
    post('/users/{user}/subscribe', "Subscribe a user's connections to a channel", subscribeRoute(services)),
    post('/users/{user}/unsubscribe', "End what a user's connections hold", unsubscribeRoute(services)),
    post('/users/{user}/recheck', "Decide anew about what a user's connections hold", recheckRoute(services)),
    {
      method: 'DELETE',
      path: `${API}/channels/{channel}/messages`,
      summary: 'Remove messages up to an offset',
      handle: purgeRoute(services),
    },
    {
      method: 'PUT',
      path: `${API}/channels/{channel}/members/{user}`,
      summary: 'Enter a member that has no connection',
      ...(takesBody && { takesBody }),
      handle: enterMemberRoute(services),
    },
    {
      method: 'DELETE',
      path: `${API}/channels/{channel}/members/{user}`,
      summary: 'Remove a member that a backend has entered',
      handle: removeMemberRoute(services),
    },
    {
      method: 'DELETE',
      path: `${API}/connections/{connection}`,
      summary: 'Close a connection',
      handle: closeRoute(services),
    },
  ];
}
