import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import type { Container } from 'rhea';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem } from '../systems.ts';
import { ActiveMqSink } from './activemq-sink.ts';
import { ActiveMqSource } from './activemq-source.ts';
import { decodeAnything } from './decode-anything.ts';

// Its types describe the default container as the module.
const loadRhea = async (bridge: string) =>
  (await loadClient(bridge, ['rhea'], () => import('rhea'))).default as unknown as Container;

/** ActiveMQ, Artemis and Classic, by AMQP 1.0. */
export const activemqSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge) => {
    const client = await loadRhea(config.name);
    decodeAnything(client);
    return new ActiveMqSource(client, config);
  },
  loadSink: async (config: OutboundBridge) => new ActiveMqSink(await loadRhea(config.name), config),
};
