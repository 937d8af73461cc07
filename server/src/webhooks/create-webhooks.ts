import { nanoid } from 'nanoid';
import type { Engine } from '../engine/engine.ts';
import { WebhookSources } from './sources.ts';
import { Webhooks, type WebhooksParts } from './webhooks.ts';

export interface WebhookSideParts extends Omit<WebhooksParts, 'log' | 'groups'> {
  readonly engine: Pick<Engine, 'log' | 'groups' | 'presence'>;
}

/** The endpoints of webhooks, and what turns the gateway's events into theirs. */
export interface WebhookSide {
  readonly webhooks: Webhooks;
  readonly sources: WebhookSources;
}

/** Makes the webhooks of a gateway; `undefined` if none is configured, or the engine has no consumer groups. */
export function createWebhooks({ engine, ...parts }: WebhookSideParts): WebhookSide | undefined {
  const { log, groups, presence: store } = engine;
  if (parts.webhooks.length === 0 || groups === undefined) return undefined;
  const webhooks = new Webhooks({ ...parts, log, groups });
  return { webhooks, sources: new WebhookSources({ webhooks, events: parts.events, store, run: nanoid() }) };
}
