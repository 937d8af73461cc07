import { nanoid } from 'nanoid';
import type { Engine } from '../engine/engine.ts';
import { type PresentClient, WebhookSources } from './sources.ts';
import { Webhooks, type WebhooksParts } from './webhooks.ts';

export interface WebhookSideParts extends Omit<WebhooksParts, 'log' | 'groups'> {
  readonly engine: Pick<Engine, 'log' | 'groups' | 'presence'>;
  /** The connected clients of this node. */
  readonly clients: () => Iterable<PresentClient>;
}

/** The endpoints of webhooks, and what turns the gateway's events into theirs. */
export interface WebhookSide {
  readonly webhooks: Webhooks;
  readonly sources: WebhookSources;
}

/** Makes the webhooks of a gateway; `undefined` if the engine has no consumer groups. */
export function createWebhooks({ engine, clients, ...parts }: WebhookSideParts): WebhookSide | undefined {
  const { log, groups, presence: store } = engine;
  if (groups === undefined) return undefined;
  const webhooks = new Webhooks({ ...parts, log, groups });
  return { webhooks, sources: new WebhookSources({ webhooks, events: parts.events, store, clients, run: nanoid() }) };
}
