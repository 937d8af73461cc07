import { Audience, Audiences } from '../channels/audience.ts';
import type { KeyedRule } from './keyed-log.ts';
import type { KeyedSubscription } from './keyed-subscription.ts';
import { KeyedView } from './keyed-view.ts';

export interface KeyedChannelOptions {
  readonly rule: KeyedRule;
  /** Maximum bytes of a list. */
  readonly maxBytes: number;
  /** Precedes the channel's name in topics; not a character of channel names. */
  readonly topicMark: string;
}

/** A keyed log that has subscribers on this node. */
export class KeyedChannel<Value> {
  readonly name: string;
  /** Maximum number of values of a list. */
  readonly listUpTo: number;
  readonly view: KeyedView<Value>;
  readonly audiences: Audiences;
  readonly subscriptions = new Set<KeyedSubscription>();

  constructor(name: string, { rule, maxBytes, topicMark }: KeyedChannelOptions) {
    this.name = name;
    this.listUpTo = rule.listUpTo;
    this.view = new KeyedView({ interval: rule.interval, listUpTo: rule.listUpTo, maxBytes });
    this.audiences = new Audiences((wire, variant) => new Audience(wire, variant, `${topicMark}${name}`));
  }
}
