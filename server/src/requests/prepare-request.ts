import type { Json } from '@sluice/protocol';
import type { Identity } from '../auth/identity.ts';
import { isSurelySmall, refuseLarge } from '../channels/payload-size.ts';
import type { RuleMatch } from '../channels/rules.ts';
import { validateRequest } from '../channels/validate.ts';
import type { EventBus } from '../events.ts';
import { Refusal } from '../refusal.ts';
import type { Ask } from './ask.ts';

/** A request that is permitted, and whose fields have the right types. */
export interface PermittedRequest {
  readonly channel: string;
  readonly data: Json;
  readonly timeout: number | undefined;
  readonly match: RuleMatch;
  readonly by: Identity;
  /** Bytes of the frame that it arrived in. Absent: it is measured. */
  readonly size?: number;
}

/** Checks a request against the limits and the contract of its channel. */
export function prepareRequest(request: PermittedRequest, events: EventBus): Ask | Refusal {
  const { channel, match, by, timeout: chosen } = request;
  const { rule } = match;
  const { maxTimeout, timeout } = rule.requests;
  if (chosen !== undefined && chosen > maxTimeout) {
    return new Refusal('command_invalid', `"timeout" on "${channel}" may be at most ${maxTimeout} ms`);
  }
  const large = checkSize(request);
  if (large !== null) return large;
  const valid = validateRequest(request.data, rule, events);
  if (valid instanceof Refusal) return valid;
  const size = request.size ?? Buffer.byteLength(JSON.stringify(valid.value));
  const from = rule.from && by.user !== null ? by.user : undefined;
  return { channel, match, data: valid.value, size, from, timeout: chosen ?? timeout };
}

function checkSize({ channel, data, size, match }: PermittedRequest): Refusal | null {
  const { maxPayload: most } = match.rule;
  return isSurelySmall(size, most) ? null : refuseLarge('data', data, { channel, most });
}
