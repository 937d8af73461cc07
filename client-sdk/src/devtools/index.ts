/**
 * Look into a client while you develop: frames, positions, gaps, token timeline, outbox; and cut or
 * slow down its network.
 *
 * @packageDocumentation
 */
export type {
  Devtools,
  DevtoolsHook,
  DevtoolsOptions,
  DevtoolsSnapshot,
  FrameRecord,
  GapRecord,
  NetworkCondition,
  ObservedClient,
  ObservedOutbox,
  OutboxRecord,
  StateRecord,
  SubscriptionRecord,
  TokenRecord,
} from './api.ts';
export { createDevtools } from './devtools.ts';
