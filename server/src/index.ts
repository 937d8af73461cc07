/**
 * The gateway inside your own program, and tokens for its users.
 *
 * @packageDocumentation
 */
import type { Draft, PublishResult } from '@sluice/protocol';
import { assemble } from './assemble.ts';
import type { ChannelInput } from './config/config.ts';
import { type Config, type ConfigInput, parseConfig } from './config/schema.ts';
import type { ChannelName, Channels, EventsOf, KnownName, PublishedOf } from './contracts.ts';
import { Gateway } from './gateway.ts';

export { segment } from '@sluice/protocol';
export type { Address } from './address.ts';
export type { DescribedIdentity, ExplanationQuery } from './api/explanation.ts';
export type { ClusterReload } from './api/routes/reload.ts';
export type { Ticket } from './api/routes/tickets.ts';
export { type MintOptions, mintToken } from './auth/mint.ts';
export type { AccessExplanation, EnforcedOnly } from './channels/explain-access.ts';
export { type Config, ConfigError, type ConfigInput } from './config/schema.ts';
export { type Channels, defineChannels, type GrantContext, type GrantFunction } from './contracts.ts';
export type { Gateway, GatewayApp } from './gateway.ts';
export type { GroupNumbers, LetterPage, ListedLetter } from './groups/administration.ts';
export {
  type ConsumeFunction,
  NackError,
  type NackOptions,
  type ProgramConsumeOptions,
  type ProgramDelivery,
} from './groups/program-delivery.ts';
export type { HookCall, HookFunction, HookFunctions, HookKind, HookReply, HookReplyFields } from './hook.ts';
export type { AskedHook, OperationExplanation } from './hooks/explain-operation.ts';
export type { HookCacheCounts, HookCounts, HookDuration, HookError } from './hooks/hook-record.ts';
export type { BridgeReport, ListedBridge } from './manage/bridge-list.ts';
export type { GroupReport } from './manage/group-list.ts';
export type { HookNode, HookReport, HookState, ListedHook, OneHook } from './manage/hook-list.ts';
export type { Closing } from './manage/local-actions.ts';
export type { ChannelsQuery, ConnectionsQuery, PageQuery } from './manage/manage.ts';
export type { RevocationPage } from './manage/revocation-list.ts';
export type {
  ActionReport,
  ChannelList,
  ChannelReport,
  ChannelStatus,
  ConnectionList,
  ConnectionStatus,
  LogEnds,
  NodeList,
  NodeStatus,
  NodeTotals,
  OverAllNodes,
  UserReport,
} from './manage/types.ts';
export type { GroupOption, LettersOptions, ProgramGroups, SeekOptions } from './program-groups.ts';
export type { HistoryQuery, MembersQuery, ProgramManage, TargetOptions } from './program-manage.ts';
export type { TapQuery, TicketRequest } from './program-operations.ts';
export type { ProgramRecurring, RecurringOptions } from './program-recurring.ts';
export type { RequestOptions } from './program-requests.ts';
export type { ScheduleOptions, SchedulesOptions } from './program-schedules.ts';
export type { ProgramWebhooks } from './program-webhooks.ts';
export type { NodeReload, ReloadReport } from './reload.ts';
export { type ProgramRequest, ReplyError, type RequestFunction } from './requests/program-responder.ts';
export type { ListedSchedule, SchedulePage } from './schedules/recurring.ts';
export type { WaitingMessage, WaitingPage } from './schedules/waiting-list.ts';
export { SluiceError } from './sluice-error.ts';
export type { TapEntry, TapType } from './tap/tap-entry.ts';
export type { TapLine } from './tap/tap-lines.ts';
export type { PublicKeys, WebhookReplay, WebhookStatus } from './webhooks/webhooks.ts';
export type { DecisionList, DecisionsQuery, ReportedDecision } from './why/recent-decisions.ts';
export type { WhyAnswer, WhyQuery } from './why/why.ts';

/**
 * Makes a gateway that runs inside this program.
 *
 * Nothing is opened before `start()`. In an embedded gateway a grant of a channel rule may be a
 * function.
 *
 * @throws ConfigError that lists every problem of the configuration, and how to fix it
 * @example
 * ```ts
 * import { createGateway } from '@sluice/server';
 *
 * const gateway = createGateway({
 *   port: 8080,
 *   keys: [{ secretEnv: 'SLUICE_SECRET' }],
 *   channels: {
 *     'user:{id}': { allow: { subscribe: 'owner:{id}' }, history: { count: 100, age: '24h' } },
 *     'doc:{id}': { allow: { subscribe: ({ user, params }) => mayRead(user, params.id) } },
 *   },
 * });
 * const { url } = await gateway.start();
 * await gateway.publish('user:ada', { title: 'Build finished' }, { event: 'notification' });
 * await gateway.close();
 * ```
 */
export function createGateway<C extends Channels = Channels, Pattern extends string = string>(
  config: ContractConfig<C, Pattern> | Config,
): GatewayFor<C, Pattern> {
  const parsed = parseConfig(config as ConfigInput | Config);
  if (parsed.workers > 1) {
    throw new Error(
      'workers: an embedded gateway runs as one process. Remove "workers", or run "sluice serve --workers"',
    );
  }
  // Only the compiler needs the types of contracts.
  return new Gateway(assemble(parsed)) as unknown as GatewayFor<C, Pattern>;
}

/** A configuration whose contracts and patterns the compiler knows. */
export interface ContractConfig<C extends Channels, Pattern extends string> extends ConfigInput {
  contracts?: C | string;
  channels?: Record<Pattern, ChannelInput>;
}

/**
 * A gateway whose `publish` accepts the channels and data of its contracts. Channels without a
 * contract accept any data.
 */
export interface ContractGateway<C extends Channels> extends Omit<Gateway, 'publish'> {
  /** As `Gateway.publish`. */
  publish<const Name extends ChannelName<C>, Event extends EventsOf<C, Name> = never>(
    channel: KnownName<C, Name>,
    data: PublishedOf<C, Name, Event>,
    options?: Omit<Draft, 'data' | 'event'> & { readonly event?: Event },
  ): Promise<PublishResult>;
}

/** The gateway that `createGateway` makes: with contracts it knows their types. */
export type GatewayFor<C extends Channels, Pattern extends string> = string extends keyof C
  ? Gateway
  : ContractGateway<string extends Pattern ? C : C & { readonly [P in Exclude<Pattern, keyof C>]: object }>;
