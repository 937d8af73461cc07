import type { ChannelContract } from '@sluice/protocol/contracts';

/** What a contract makes of a message: its data as subscribers get it, or what is wrong with it. */
export type Checked = { readonly data: unknown } | { readonly problem: string };

/** Holds a message against the contract of its channel. */
export function check(contract: ChannelContract | undefined, data: unknown, event: string | undefined): Checked {
  const { events, message } = contract ?? {};
  if (events !== undefined && event !== undefined && !Object.hasOwn(events, event)) {
    return { problem: `the channel has no event "${event}"; these are: ${Object.keys(events).join(', ')}` };
  }
  if (events !== undefined && event === undefined && message === undefined) {
    return { problem: `every message of the channel has an event; these are: ${Object.keys(events).join(', ')}` };
  }
  const schema = event !== undefined && events !== undefined ? events[event] : message;
  const outcome = schema?.['~standard'].validate(data);
  if (outcome === undefined || outcome instanceof Promise) return { data };
  if (outcome.issues === undefined) return { data: outcome.value };
  return { problem: outcome.issues.map((issue) => issue.message).join('; ') };
}
