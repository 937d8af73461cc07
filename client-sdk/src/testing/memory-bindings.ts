import {
  type Binding,
  type BindingRule,
  boundChannelsOf,
  boundTo,
  canonical,
  type Message,
  matches,
  matchPattern,
  type Pattern,
  parsePattern,
} from '@sluice/protocol';
import type { ChannelContract, RuleOptions } from '@sluice/protocol/contracts';
import type { AppendOptions } from './memory-log.ts';

type BindInput = NonNullable<RuleOptions['bind']>[number];

/** To which channel a message is also appended, and with what. */
interface MemoryCopy {
  readonly channel: string;
  readonly options: AppendOptions;
}

/** The bindings of the contracts' rules. SPEC.md sections 4.3 and 5.1. */
export class MemoryBindings {
  readonly #rules: readonly BindingRule[];

  /** @param contracts the most specific pattern first */
  constructor(contracts: readonly (readonly [Pattern, ChannelContract])[]) {
    this.#rules = contracts.map(([pattern, { rule }]) => ({ pattern, bind: (rule?.bind ?? []).map(readBinding) }));
  }

  /** The copies of a message that other channels get. */
  copiesOf(channel: string, message: Message): readonly MemoryCopy[] {
    const own = this.#rules.find(({ pattern }) => matchPattern(pattern, channel) !== null);
    if (own === undefined) return [];
    const { event, tags, from, trace, offset, time, expiresAt } = message;
    const options = {
      origin: { channel, offset },
      ...(event === undefined ? {} : { event }),
      ...(tags === undefined ? {} : { tags }),
      ...(trace === undefined ? {} : { trace }),
      ...(from === undefined ? {} : { from }),
      ...(expiresAt === undefined ? {} : { ttl: expiresAt - time }),
    };
    return boundTo(channel, own, this.#rules)
      .filter(({ where }) => where.some((conditions) => matches(conditions, message, channel)))
      .map((bound) => ({ channel: bound.channel, options }));
  }

  /** The channels that have all messages of a pattern, the most specific first. */
  channelsFor(pattern: string): readonly string[] {
    return boundChannelsOf(pattern, this.#rules);
  }
}

function readBinding(input: BindInput): Binding {
  const { channel, where = {} } = typeof input === 'string' ? { channel: input } : input;
  return { from: parsePattern(channel), where: canonical(where) };
}
