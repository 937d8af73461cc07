import { serveConsole } from './api/console.ts';
import { createRouter } from './api/router.ts';
import { type ApiOptions, createRoutes, type EventRoutes } from './api/routes.ts';
import { serveFolder } from './api/static-files.ts';
import type { DevAccess } from './auth/dev-access.ts';
import type { ApiKeys } from './auth/secrets.ts';
import { UserAllowances } from './channels/user-allowances.ts';
import type { Config } from './config/schema.ts';
import type { Engine } from './engine/engine.ts';
import { UserAdmission } from './hooks/user-admission.ts';
import type { BridgeList } from './manage/bridge-list.ts';
import type { GroupList } from './manage/group-list.ts';
import type { HookList } from './manage/hook-list.ts';
import type { Manage } from './manage/manage.ts';
import type { RevocationList } from './manage/revocation-list.ts';
import type { Metrics } from './observe/metrics.ts';
import type { Services } from './session/services.ts';
import type { Tap } from './tap/tap.ts';
import type { HttpSide, RequestHead } from './transport/http.ts';
import type { WebhookSide } from './webhooks/create-webhooks.ts';
import type { RecentDecisions } from './why/recent-decisions.ts';
import type { Why } from './why/why.ts';

export interface HttpSideParts {
  /** Is it one of `apps`? Then it has no routes of the process. */
  readonly isNamed: boolean;
  readonly config: Config;
  readonly engine: Engine;
  readonly services: Services;
  readonly bridgeList: BridgeList;
  readonly metrics: Metrics;
  readonly manage: Manage;
  readonly webhooks: WebhookSide | undefined;
  readonly why: Why;
  readonly tap: Tap;
  readonly apiKeys: ApiKeys;
  readonly reload: ApiOptions['reload'];
  readonly recentDecisions: RecentDecisions;
  readonly groupList: GroupList;
  readonly hookList: HookList;
  readonly revocationList: RevocationList;
  /** Default: the text of `metrics`. */
  readonly scrape?: () => Promise<string>;
  /** Server-sent events, if enabled. */
  readonly sse: EventRoutes | undefined;
  /** `null` outside of development. */
  readonly access: DevAccess | null;
  /** `true`, or why the gateway accepts no new connections. */
  readonly isReady: () => true | string;
}

/** All HTTP routes of a gateway. */
export function createHttpSide(parts: HttpSideParts): HttpSide {
  const { config, engine, metrics, manage, why, tap, scrape = () => metrics.text(), access, isReady, sse } = parts;
  const { door, verifier, events, clock, rules, log, presence, backendRequests, schedules, groups } = parts.services;
  const { devSecret, devApiKey, node, static: folder } = config;
  const routes = createRoutes({
    apiKeys: parts.apiKeys,
    reload: parts.reload,
    verifier: new UserAdmission(verifier, parts.services.hooks),
    tokens: verifier,
    hooks: parts.services.hooks,
    settings: parts.services.settings,
    door,
    bridgeList: parts.bridgeList,
    rules,
    events,
    log,
    expiry: parts.services.expiry,
    presence,
    backendRequests,
    schedules,
    groups,
    manage,
    webhooks: parts.webhooks?.webhooks,
    why,
    tap,
    recentDecisions: parts.recentDecisions,
    groupList: parts.groupList,
    hookList: parts.hookList,
    allowances: new UserAllowances(),
    revocations: engine.revocations,
    revocationList: parts.revocationList,
    signal: (signal) => engine.signal(signal),
    clock,
    node,
    isReady,
    isNamed: parts.isNamed,
    sse,
    metrics: async () => ({ status: 200, headers: { 'Content-Type': metrics.contentType }, body: await scrape() }),
    dev: access === null || devSecret === undefined ? undefined : { secret: devSecret, apiKey: devApiKey, access },
  });
  const showConsole = serveConsole({
    mode: config.console,
    node,
    dev: access !== null,
    hasPages: folder !== undefined,
  });
  const serveFile = folder === undefined ? () => null : serveFolder(folder);
  const files = (request: RequestHead) => showConsole(request) ?? serveFile(request);
  return createRouter({ routes, events, dev: access, files });
}
