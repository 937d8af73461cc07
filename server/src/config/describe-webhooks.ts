import { filterKey, writeFilter } from '@sluice/protocol';
import type { WebhookConfig } from '../webhook.ts';
import { formatDuration } from './values.ts';

function describeWebhook({
  url,
  keys,
  events,
  channels,
  where,
  debounce,
  timeout,
  batch,
  keep,
}: WebhookConfig): object {
  const { origin, pathname, search } = new URL(url);
  return {
    url: `${origin}${pathname}${search === '' ? '' : '?(hidden)'}`,
    events,
    channels: channels.map(({ source }) => source),
    ...(filterKey(where) === '' ? {} : { where: writeFilter(where) }),
    debounce: formatDuration(debounce),
    timeout: formatDuration(timeout),
    batch,
    keep: { count: keep.count, age: formatDuration(keep.age) },
    keys: keys.map(({ kind }) => `(${kind})`),
  };
}

/** Webhooks for people to read: without their keys. */
export const describeWebhooks = (webhooks: readonly WebhookConfig[]): Record<string, unknown> =>
  Object.fromEntries(webhooks.map((webhook) => [webhook.name, describeWebhook(webhook)]));
