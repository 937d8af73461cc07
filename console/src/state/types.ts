/** What the gateway's API answers. */

export type { ListedGroup } from '../../../server/src/groups/list-groups.ts';
export type { BridgeReport, ListedBridge } from '../../../server/src/manage/bridge-list.ts';
export type { GroupReport } from '../../../server/src/manage/group-list.ts';
export type { HookReport, ListedHook } from '../../../server/src/manage/hook-list.ts';
export type {
  ActionReport as Affected,
  ChannelList,
  ChannelReport,
  ChannelStatus,
  ConnectionList,
  ConnectionStatus,
  NodeList,
  NodeStatus,
  UserReport,
} from '../../../server/src/manage/types.ts';
export type { ListedSchedule } from '../../../server/src/schedules/recurring.ts';
export type { WaitingMessage } from '../../../server/src/schedules/waiting-list.ts';
export type { TapEntry } from '../../../server/src/tap/tap-entry.ts';
export type { WebhookStatus } from '../../../server/src/webhooks/webhooks.ts';
export type { DecisionList, ReportedDecision } from '../../../server/src/why/recent-decisions.ts';
export type { WhyAnswer } from '../../../server/src/why/why.ts';
