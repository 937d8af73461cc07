/** What the gateway reports of itself to operators and backends. */

/** A node of the cluster. */
export interface NodeStatus {
  readonly node: string;
  /** The version of `@sluice/server`. */
  readonly version: string;
  readonly state: 'running' | 'draining';
  readonly engine: string;
  /** Why the engine cannot execute operations at the moment; absent while it can. */
  readonly trouble?: string;
  /** Milliseconds since the node started. */
  readonly uptime: number;
  readonly pid: number;
  readonly connections: number;
  /** Users with connections. */
  readonly users: number;
  /** Channels with subscriptions. */
  readonly channels: number;
  /** Bytes of memory that the process uses: resident set size. */
  readonly memory: number;
  /** The part of time since the start in which the event loop was busy: 0 to 1. */
  readonly busy: number;
  /** Counted since the start. */
  readonly totals: NodeTotals;
}

/** Numbers that only grow: two readings give a rate. */
export interface NodeTotals {
  /** Messages that were published on this node. */
  readonly published: number;
  /** Messages that were sent to subscribers. */
  readonly delivered: number;
  readonly gaps: number;
  readonly errors: number;
}

/** Lists and reports over all nodes have the names of the nodes that did not answer. */
export interface OverAllNodes {
  /** Nodes that did not answer: what they know is missing. Absent: all have answered. */
  readonly missing?: readonly string[];
}

export interface NodeList extends OverAllNodes {
  readonly nodes: readonly NodeStatus[];
}

/** Where a log begins and ends. */
export interface LogEnds {
  readonly epoch: string;
  /** Offset of the newest message ever appended in this epoch. */
  readonly head: number;
  /** Offset of the oldest message that the log holds; `head + 1` if it holds none. */
  readonly first: number;
}

/** A channel, over all nodes. */
export interface ChannelStatus {
  readonly channel: string;
  /** Open subscriptions. A connection with two filtered subscriptions counts twice. */
  readonly subscribers: number;
  readonly members: number;
  readonly epoch: string;
  /** Offset of the newest message ever appended in this epoch. */
  readonly head: number;
  /** Offset of the oldest message that the log holds; `head + 1` if it holds none. */
  readonly first: number;
  /**
   * Bytes of the messages that the log holds, as JSON. Of more than 16 messages it is an estimate, except
   * on the memory engine.
   */
  readonly bytes: number;
}

export interface ChannelList extends OverAllNodes {
  readonly channels: readonly ChannelStatus[];
  /** The `cursor` of the next page; absent on the last one. */
  readonly next?: string;
}

/** One channel, with the rule that governs it. */
export interface ChannelReport extends ChannelStatus, OverAllNodes {
  readonly rule: string;
}

/** A connection. */
export interface ConnectionStatus {
  readonly id: string;
  readonly node: string;
  /** `null`: it is anonymous, or has not authenticated. */
  readonly user: string | null;
  readonly address: string;
  readonly protocol: string;
  /** When it was opened: milliseconds since the Unix epoch. */
  readonly since: number;
  readonly subscriptions: number;
  /** Bytes that the client has not read yet. */
  readonly buffered: number;
  /** Has its buffer exceeded the limit, without having drained since? */
  readonly slow: boolean;
}

export interface ConnectionList extends OverAllNodes {
  readonly connections: readonly ConnectionStatus[];
  /** The `cursor` of the next page; absent on the last one. */
  readonly next?: string;
}

/** What an action has changed, over all nodes. */
export interface ActionReport extends OverAllNodes {
  /** The connections that were affected. */
  readonly connections: number;
  /** Subscriptions, memberships and other things that have ended. */
  readonly ended?: number;
  /** Connections that could not be subscribed, for example because they have too many subscriptions. */
  readonly refused?: number;
}

/** A user, over all nodes. */
export interface UserReport extends OverAllNodes {
  readonly user: string;
  readonly online: boolean;
  /** At most 1,000 of each node. */
  readonly connections: readonly ConnectionStatus[];
  /** More connections than are listed. List them with `connections`. */
  readonly more: number;
  /** What the user's connections are subscribed to, in alphabetical order: at most 1,000. */
  readonly channels: readonly string[];
  /**
   * When a connection of the user was last open: milliseconds since the Unix epoch, now if one is.
   * `null`: the nodes do not remember the user.
   */
  readonly lastSeen: number | null;
}
