/**
 * What a package of bridges implements: types only. `@sluice/bridges` is that package.
 *
 * @packageDocumentation
 */
export type {
  BridgeConfig,
  BridgeOption,
  BridgeOptions,
  DataFormat,
  Envelope,
  InboundBridge,
  OutboundBridge,
  Poison,
} from './bridge.ts';
export type {
  Bridge,
  BridgeFailure,
  BridgeHost,
  BridgeOutcome,
  BridgeState,
  BridgesPackage,
  Checkpoints,
  InboundMessage,
  InboundOutcome,
  OnWait,
  Outbound,
  OutboundBatch,
  OutboundFeed,
  OutboundGap,
  RefusedMessage,
} from './bridges/bridge-host.ts';
export type { Clock, Timer } from './util/clock.ts';
