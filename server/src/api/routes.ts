import type { HttpReply, Request, RequestHead } from '../transport/http.ts';
import { senderOf } from './credentials.ts';
import type { ManageServices } from './manager.ts';
import type { Route } from './route.ts';
import { type BridgeServices, bridgesRoute } from './routes/bridges.ts';
import { type DecisionServices, decisionsRoute } from './routes/decisions.ts';
import { type DevTokenOptions, devToken } from './routes/dev-token.ts';
import { type DrainServices, drainRoute } from './routes/drain.ts';
import { type ExplainServices, explainRoute } from './routes/explain.ts';
import type { GroupServices } from './routes/groups/group-access.ts';
import { type GroupListServices, groupListRoute } from './routes/groups/group-list.ts';
import { groupRoutes } from './routes/groups/group-routes.ts';
import { live, ready } from './routes/health.ts';
import { type HookServices, hookRoutes } from './routes/hooks.ts';
import { manageRoutes } from './routes/manage/manage-routes.ts';
import { type MemberServices, memberCountsRoute, membersRoute } from './routes/members.ts';
import { type MessageServices, messagesRoute, positionRoute } from './routes/messages.ts';
import { openApiRoute } from './routes/openapi.ts';
import { type PublishServices, publishRoute } from './routes/publish.ts';
import { deleteRecurringRoute, listRecurringRoute, putRecurringRoute } from './routes/recurring.ts';
import { type ReloadServices, reloadRoute } from './routes/reload.ts';
import { type RequestServices, requestRoute } from './routes/request.ts';
import {
  listRevocationsRoute,
  type RevocationListServices,
  type RevocationServices,
  revokeRoute,
} from './routes/revocations.ts';
import { type ScheduleServices, scheduleRoute, unscheduleRoute, waitingRoute } from './routes/schedule.ts';
import { type TapServices, tapRoute } from './routes/tap.ts';
import { type TicketServices, ticketsRoute } from './routes/tickets.ts';
import { type WebhookServices, webhookRoutes } from './routes/webhooks.ts';
import { type WhyServices, whyRoute } from './routes/why.ts';

export interface ApiOptions
  extends PublishServices,
    BridgeServices,
    RevocationServices,
    RevocationListServices,
    DrainServices,
    MessageServices,
    MemberServices,
    GroupServices,
    RequestServices,
    ScheduleServices,
    HookServices,
    WebhookServices,
    ManageServices,
    ReloadServices,
    TapServices,
    WhyServices,
    DecisionServices,
    GroupListServices,
    ExplainServices {
  /** `true`, or why the gateway accepts no new connections. */
  readonly isReady: () => true | string;
  /** Is it one of `apps`? Then it has no routes of the process. */
  readonly isNamed: boolean;
  /** This node's name. */
  readonly node: string;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<HttpReply>;
  /** Server-sent events, if enabled. */
  readonly sse: EventRoutes | undefined;
  /** Only in development mode. */
  readonly dev: DevTokenOptions | undefined;
}

/** Answers requests for event streams. */
export interface EventRoutes {
  readonly handle: Route['handle'];
  readonly preflight: (request: Request) => HttpReply;
  readonly tickets: Omit<TicketServices, 'apiKeys' | 'verifier' | 'clock'>;
}

/** What they do and show belongs to the process, not to one of its apps. */
const OF_PROCESS: readonly string[] = ['/api/v1/drain', '/api/v1/reload', '/metrics'];

/** The table of all routes. */
export function createRoutes(options: ApiOptions): readonly Route[] {
  const routes = allRoutes(options).filter(({ path }) => !options.isNamed || !OF_PROCESS.includes(path));
  routes.push(openApiRoute(routes));
  return routes;
}

function allRoutes(options: ApiOptions): Route[] {
  const takesBody = (head: RequestHead) => senderOf(head, options.apiKeys);
  const routes: Route[] = [
    {
      method: 'POST',
      path: '/api/v1/publish',
      summary: 'Publish one message, or a batch',
      takesBody,
      handle: publishRoute(options),
    },
    {
      method: 'POST',
      path: '/api/v1/schedule',
      summary: 'Publish a message later',
      takesBody,
      handle: scheduleRoute(options),
    },
    {
      method: 'POST',
      path: '/api/v1/unschedule',
      summary: 'Withdraw a scheduled message',
      takesBody,
      handle: unscheduleRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/channels/{channel}/schedules',
      summary: 'A page of the messages that wait for their time',
      handle: waitingRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/schedules',
      summary: 'A page of the recurring schedules',
      handle: listRecurringRoute(options),
    },
    {
      method: 'PUT',
      path: '/api/v1/schedules/{name}',
      summary: 'Create or replace a recurring schedule',
      takesBody,
      handle: putRecurringRoute(options),
    },
    {
      method: 'DELETE',
      path: '/api/v1/schedules/{name}',
      summary: 'Delete a recurring schedule',
      handle: deleteRecurringRoute(options),
    },
    {
      method: 'POST',
      path: '/api/v1/request',
      summary: 'Send a request to a responder, and wait for its replies',
      takesBody,
      handle: requestRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/channels/{channel}/messages',
      summary: "A page of a channel's log",
      handle: messagesRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/channels/{channel}/position',
      summary: 'Where the log of a channel ends',
      handle: positionRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/channels/{channel}/members',
      summary: 'A page of the members of a channel',
      handle: membersRoute(options),
    },
    {
      method: 'POST',
      path: '/api/v1/members/counts',
      summary: 'The numbers of members of up to 1,000 channels',
      takesBody,
      handle: memberCountsRoute(options),
    },
    ...groupRoutes(options, takesBody),
    ...webhookRoutes(options, takesBody),
    ...hookRoutes(options),
    ...manageRoutes(options, takesBody),
    {
      method: 'POST',
      path: '/api/v1/explain',
      summary: 'May somebody do something on a channel, and why?',
      takesBody,
      handle: explainRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/why',
      summary: 'What became of a message for a user, and why',
      handle: whyRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/decisions',
      summary: 'The latest decisions about connections',
      handle: decisionsRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/groups',
      summary: 'The consumer groups in use, with their numbers',
      handle: groupListRoute(options),
    },
    {
      method: 'POST',
      path: '/api/v1/revocations',
      summary: 'Revoke tokens by user, id or time',
      takesBody,
      handle: revokeRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/revocations',
      summary: 'The revocations in force',
      handle: listRevocationsRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/bridges',
      summary: 'The bridges, with their state and their numbers',
      handle: bridgesRoute(options),
    },
    {
      method: 'POST',
      path: '/api/v1/drain',
      summary: 'Drain and stop a node',
      takesBody,
      handle: drainRoute(options),
    },
    {
      method: 'GET',
      path: '/api/v1/tap',
      summary: 'What all nodes do for a user or on a channel, live',
      handle: tapRoute(options),
    },
    {
      method: 'POST',
      path: '/api/v1/reload',
      summary: 'Let all nodes reload their configuration',
      takesBody,
      handle: reloadRoute(options),
    },
    { method: 'GET', path: '/health/live', summary: 'Does the process answer?', handle: live },
    { method: 'GET', path: '/health/ready', summary: 'Does the node accept new connections?', handle: ready(options) },
    { method: 'GET', path: '/metrics', summary: 'Metrics in the format of Prometheus', handle: options.metrics },
  ];
  if (options.sse !== undefined) {
    const { handle, preflight, tickets } = options.sse;
    routes.push(
      { method: 'GET', path: '/sse', summary: 'Channels as Server-sent events', preflight, handle },
      {
        method: 'POST',
        path: '/api/v1/tickets',
        summary: 'A one-time ticket for /sse',
        takesBody,
        preflight,
        handle: ticketsRoute({ ...options, ...tickets }),
      },
    );
  }
  if (options.dev !== undefined) {
    const handle = devToken(options.dev);
    routes.push({ method: 'GET', path: '/dev/token', summary: 'A token for any user (development only)', handle });
  }
  return routes;
}
