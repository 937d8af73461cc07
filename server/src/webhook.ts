import type { Conditions, Pattern } from '@sluice/protocol';
import type { SigningKey } from './outgoing/signing-key.ts';

/** The events that webhooks can report, and what each is about. */
export const WEBHOOK_EVENTS = [
  'channel.occupied',
  'channel.vacated',
  'member.entered',
  'member.changed',
  'member.left',
  'user.online',
  'user.offline',
  'message.published',
  'connection.opened',
  'connection.closed',
  'group.dead',
] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

/** An endpoint that receives webhooks, complete and checked. Durations in ms. */
export interface WebhookConfig {
  readonly name: string;
  readonly url: string;
  readonly keys: readonly SigningKey[];
  readonly events: readonly WebhookEventType[];
  /** Events of channels are reported if one of them matches the channel. */
  readonly channels: readonly Pattern[];
  /** Which messages `message.published` reports. */
  readonly where: Conditions;
  /** How long a channel is empty, or a user offline, before it is reported. */
  readonly debounce: number;
  readonly timeout: number;
  /** Maximum events of one request. */
  readonly batch: number;
  /** How long, and how many, events are kept for an endpoint that does not receive them. */
  readonly keep: { readonly count: number; readonly age: number };
}
