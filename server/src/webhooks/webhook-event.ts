import type { Json } from '@sluice/protocol';
import type { WebhookEventType } from '../webhook.ts';

/** An event before it is stored. */
export interface WebhookEvent {
  readonly type: WebhookEventType | 'webhook.gap' | 'webhook.test';
  /** The channel, or the user, that it is about. */
  readonly subject?: string;
  readonly data: Json;
  /** Makes it the same event if several nodes report it. */
  readonly key?: string;
  /** Milliseconds in which it may be reported again. Default: ten minutes. */
  readonly window?: number;
  /** The window begins again with every report. */
  readonly renews?: true;
}

/** An event as it is stored and sent. */
export interface StoredEvent {
  /** Unique, and the same in every repetition. */
  readonly id: string;
  readonly type: string;
  readonly subject?: string;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly data: Json;
}

/** CloudEvents 1.0, JSON format. */
export const cloudEvent = ({ id, type, subject, time, data }: StoredEvent): object => ({
  specversion: '1.0',
  id,
  source: '/sluice',
  type,
  ...(subject !== undefined && { subject }),
  time: new Date(time).toISOString(),
  datacontenttype: 'application/json',
  data,
});
