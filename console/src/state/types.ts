/** What the gateway's API answers. */

export type { ListedGroup } from '../../../server/src/groups/list-groups.ts';
export type { GroupReport } from '../../../server/src/manage/group-list.ts';
export type {
  ChannelList,
  ChannelReport,
  ChannelStatus,
  ConnectionList,
  ConnectionStatus,
  NodeList,
  NodeStatus,
  UserReport,
} from '../../../server/src/manage/types.ts';
export type { DecisionList, ReportedDecision } from '../../../server/src/why/recent-decisions.ts';
export type { WhyAnswer } from '../../../server/src/why/why.ts';
