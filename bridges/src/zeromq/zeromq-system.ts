import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem, SourceHost } from '../systems.ts';
import { ZeromqSink } from './zeromq-sink.ts';
import { ZeromqSource } from './zeromq-source.ts';

const loadZeromq = (bridge: string) => loadClient(bridge, ['zeromq'], () => import('zeromq'));

/** ZeroMQ. */
export const zeromqSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge, host: SourceHost) =>
    new ZeromqSource(await loadZeromq(config.name), config, host),
  loadSink: async (config: OutboundBridge) => new ZeromqSink(await loadZeromq(config.name), config),
};
