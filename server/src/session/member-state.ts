import type { Json } from '@sluice/protocol';
import { validateState } from '../channels/validate.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import { tooLarge } from './member-info.ts';

/** The state of a member, if its rule accepts it. The size is checked before and after the schema, which may add to the state. */
export function fitState(state: Json, rule: Rule, events: EventBus): { readonly value: Json } | Refusal {
  const most = rule.presence.state;
  const problem = tooLarge('"state"', state, most);
  if (problem !== null || !rule.schemas?.presence) return problem ?? { value: state };
  const valid = validateState(state, rule, events);
  return valid instanceof Refusal ? valid : (tooLarge('"state"', valid.value, most) ?? valid);
}
