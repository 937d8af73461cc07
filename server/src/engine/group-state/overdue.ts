/** Messages that have expired before a group delivered them. */

import { LoggedMessage } from '../logged-message.ts';
import type { Entry } from './entry.ts';
import type { Moment } from './operation.ts';

/** Messages that were found expired, and how many of them were dropped. */
export interface Overdue {
  expired: number;
  dropped: number;
}

/** A message that a claim found expired, and the claim's count of them. */
export interface Expiring {
  readonly entry: Entry;
  readonly message: LoggedMessage;
  readonly overdue: Overdue;
}

export const hasExpired = ({ expiresAt }: LoggedMessage, { age }: Moment): boolean =>
  expiresAt !== undefined && expiresAt <= age;

/** A message that is given back has another chance, however late. */
export function withoutExpiry(message: LoggedMessage): LoggedMessage {
  if (message.expiresAt === undefined) return message;
  const { expiresAt: _, ...content } = message.message;
  return LoggedMessage.of(content);
}
