/** Checks of the fields of consumers' commands. Each returns what is wrong, or `null`. SPEC.md section 12. */

import { LIMITS } from './limits.ts';

/** The fields, as they arrive. */
export interface GroupFields {
  readonly type?: unknown;
  readonly group?: unknown;
  readonly prefetch?: unknown;
  readonly deliveries?: unknown;
  readonly delay?: unknown;
  readonly dead?: unknown;
  readonly reason?: unknown;
}

const isInteger = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

const isText = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value.length >= 1 && value.length <= most;

export function groupNameFault(group: unknown): string | null {
  if (group === undefined || isText(group, LIMITS.groupLength)) return null;
  return `"group" must be a string of 1 to ${LIMITS.groupLength} characters`;
}

export function prefetchFault(prefetch: unknown): string | null {
  if (prefetch === undefined || isInteger(prefetch, 1, LIMITS.prefetch)) return null;
  return `"prefetch" must be an integer from 1 to ${LIMITS.prefetch}`;
}

export function deliveryIdsFault(deliveries: unknown): string | null {
  const isList = Array.isArray(deliveries) && deliveries.length >= 1 && deliveries.length <= LIMITS.deliveries;
  if (!isList) return `"deliveries" must be an array of 1 to ${LIMITS.deliveries} ids`;
  const wrong = deliveries.findIndex((id) => !isText(id, LIMITS.deliveryIdLength));
  return wrong === -1
    ? null
    : `"deliveries[${wrong}]" must be the id of a delivery, a string of at most ${LIMITS.deliveryIdLength} characters`;
}

export function nackFault({ delay, dead, reason }: Pick<GroupFields, 'delay' | 'dead' | 'reason'>): string | null {
  if (delay !== undefined && !isInteger(delay, 0, LIMITS.nackDelay)) {
    return `"delay" must be an integer from 0 to ${LIMITS.nackDelay}`;
  }
  if (dead !== undefined && typeof dead !== 'boolean') return '"dead" must be true or false';
  if (dead === true && delay !== undefined) return 'only one of "delay" and "dead" may be given';
  return reason === undefined || (typeof reason === 'string' && reason.length <= LIMITS.nackReasonLength)
    ? null
    : `"reason" must be a string of at most ${LIMITS.nackReasonLength} characters`;
}

/** What is wrong with the fields of a command, except its channel. */
export function groupCommandFault(fields: GroupFields): string | null {
  const fault = groupNameFault(fields.group);
  if (fault !== null || fields.type === 'stop') return fault;
  if (fields.type === 'consume') return prefetchFault(fields.prefetch);
  return deliveryIdsFault(fields.deliveries) ?? (fields.type === 'nack' ? nackFault(fields) : null);
}
