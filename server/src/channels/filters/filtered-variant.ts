import { type Conditions, EVERY } from '@sluice/protocol';
import type { Variant } from '../audience.ts';
import { variantOf } from '../subscription-id.ts';
import { type MessageFilter, messageFilter } from './message-filter.ts';

/** A variant whose subscriptions receive only the messages that fulfil conditions. */
export interface FilteredVariant extends Variant {
  readonly filter: MessageFilter;
  /** The conditions that the client asked for; `filter` may have more. */
  readonly own: Conditions;
}

/** Does the variant have a filter? */
export const isFiltered = (variant: Variant): variant is FilteredVariant => variant.filter !== undefined;

/** What a subscription receives. */
export interface Selection {
  /** The conditions that the client asked for. */
  readonly own: Conditions;
  /** These, and those that the rule enforces. */
  readonly all: Conditions;
  /** The pattern that the client has subscribed to, if it is not a channel. */
  readonly alias?: string | undefined;
  /** The conditions that a hook has added, which are among `all`. */
  readonly forced?: Conditions | undefined;
}

/** The variant of a subscription with an id and conditions; either may be absent. */
export function variantFor(sub: number | undefined, { own, all, alias, forced }: Selection): Variant {
  if (all === EVERY) return variantOf(sub);
  const filter = messageFilter(all);
  if (filter === null) return variantOf(sub);
  const key = `${sub ?? ''}~${filter.key}${alias === undefined ? '' : `~${alias}`}`;
  const variant: FilteredVariant = {
    ...{ key, filter, own },
    ...(sub !== undefined && { sub }),
    ...(alias !== undefined && { alias }),
    ...(forced !== undefined && forced !== EVERY && { forced }),
  };
  return variant;
}
