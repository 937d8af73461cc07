import type { Commands } from './commands.ts';
import type { Feed } from './feed.ts';

/** One Redis, or one cluster: a connection for commands, and one that listens. */
export interface Shard {
  readonly commands: Commands;
  readonly feed: Feed;
  /** How a script publishes to a channel's feed. */
  readonly publish: 'PUBLISH' | 'SPUBLISH';
}

/** The names of what belongs to a channel: its tag `{…}` keeps them together in one slot of a cluster. */
export class Keys {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  of(channel: string, part: string): string {
    return `${this.prefix}{${channel}}:${part}`;
  }
}
