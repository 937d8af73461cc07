import type { Issue } from '@sluice/protocol';
import type { ChannelContract, Schema } from '@sluice/protocol/contracts';

/** The result of a contract's check: the value that subscribers receive, or what is wrong. */
export type Checked = { readonly value: unknown } | { readonly issues: readonly [Issue, ...Issue[]] };

/** Checks a message against the contract of its channel. SPEC.md section 3.4. */
export function checkMessage(contract: ChannelContract | undefined, data: unknown, event: string | undefined): Checked {
  const { events, message } = contract ?? {};
  if (events === undefined || (event === undefined && message !== undefined)) return check(message, data, 'data');
  const schema = event === undefined || !Object.hasOwn(events, event) ? undefined : events[event];
  if (schema !== undefined) return check(schema, data, 'data');
  const names = Object.keys(events).map((name) => JSON.stringify(name));
  const fix = names.length === 0 ? 'must be left out' : `must be one of ${names.join(', ')}`;
  return { issues: [{ path: 'event', message: fix }] };
}

/** Checks a member's state against the contract of the channel. */
export function checkState(contract: ChannelContract | undefined, state: unknown): Checked {
  return check(contract?.presence, state, 'state');
}

function check(schema: Schema | undefined, value: unknown, root: string): Checked {
  const outcome = schema?.['~standard'].validate(value);
  if (outcome === undefined) return { value };
  if (outcome instanceof Promise)
    throw new TypeError('the schema of a contract must validate synchronously; async schemas are not supported');
  if (outcome.issues === undefined) return { value: outcome.value };
  const [first = { path: root, message: 'does not match the schema' }, ...others] = outcome.issues.map(
    ({ path = [], message }): Issue => ({ path: root + path.map(step).join(''), message }),
  );
  return { issues: [first, ...others] };
}

function step(part: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof part === 'object' ? part.key : part;
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`;
}

/** Messages that a channel keeps by default. */
export const KEPT = 1_000;

/** Messages that a contract's rule keeps; `undefined` without a contract. */
export function keptBy(contract: ChannelContract | undefined): number | undefined {
  const history = contract?.rule?.history;
  if (history === undefined) return contract === undefined ? undefined : 0;
  if (typeof history === 'boolean') return history ? KEPT : 0;
  return history.count ?? KEPT;
}
