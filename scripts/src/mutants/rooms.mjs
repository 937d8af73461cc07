/** The faults that the tests must notice, by room. */

import { api } from './rooms/api.mjs';
import { auth } from './rooms/auth.mjs';
import { backend } from './rooms/backend.mjs';
import { bridges } from './rooms/bridges.mjs';
import { channels } from './rooms/channels.mjs';
import { chaos } from './rooms/chaos.mjs';
import { clientCore } from './rooms/client-core.mjs';
import { config } from './rooms/config.mjs';
import { durable } from './rooms/durable.mjs';
import { filters } from './rooms/filters.mjs';
import { groups } from './rooms/groups.mjs';
import { hooks } from './rooms/hooks.mjs';
import { manage } from './rooms/manage.mjs';
import { observe } from './rooms/observe.mjs';
import { outbox } from './rooms/outbox.mjs';
import { protocol } from './rooms/protocol.mjs';
import { redis } from './rooms/redis.mjs';
import { remote } from './rooms/remote.mjs';
import { requests } from './rooms/requests.mjs';
import { schedules } from './rooms/schedules.mjs';
import { sdkWork } from './rooms/sdk-work.mjs';
import { session } from './rooms/session.mjs';
import { shareTabs } from './rooms/share-tabs.mjs';
import { sse } from './rooms/sse.mjs';
import { stores } from './rooms/stores.mjs';
import { testing } from './rooms/testing.mjs';
import { transport } from './rooms/transport.mjs';
import { util } from './rooms/util.mjs';
import { webhooks } from './rooms/webhooks.mjs';

/**
 * @typedef {object} Mutant
 * @property {string} file the file to change, from the root
 * @property {string} from the text to replace; it occurs exactly once in the file
 * @property {string} to
 * @property {string} fault a short description of the fault
 * @property {readonly string[]} tests the test files, or folders of them, that must notice the fault
 */

/** @type {Record<string, readonly Mutant[]>} */
export const ROOMS = {
  api,
  auth,
  backend,
  bridges,
  channels,
  chaos,
  'client-core': clientCore,
  config,
  durable,
  filters,
  groups,
  hooks,
  manage,
  observe,
  outbox,
  protocol,
  redis,
  remote,
  requests,
  schedules,
  'sdk-work': sdkWork,
  session,
  'share-tabs': shareTabs,
  sse,
  stores,
  testing,
  transport,
  util,
  webhooks,
};
