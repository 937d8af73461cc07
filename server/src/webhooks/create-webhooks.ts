import { nanoid } from 'nanoid';
import type { Engine } from '../engine/engine.ts';
import { OccupancyRecord } from './occupancy-record.ts';
import { type PresentClient, WebhookSources } from './sources.ts';
import { Webhooks, type WebhooksParts } from './webhooks.ts';

export interface WebhookSideParts extends Omit<WebhooksParts, 'log' | 'groups'> {
  readonly engine: Pick<Engine, 'log' | 'groups' | 'presence' | 'forgetsMembers'>;
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
  const { events, clock } = parts;
  const now = () => clock.now();
  const recordOf = (list: string) =>
    engine.forgetsMembers === true ? new OccupancyRecord({ log, list, now }) : undefined;
  const sources = new WebhookSources({ webhooks, events, store, clients, recordOf, run: nanoid() });
  return { webhooks, sources };
}
