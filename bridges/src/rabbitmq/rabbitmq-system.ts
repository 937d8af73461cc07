import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem } from '../systems.ts';
import { RabbitSink } from './rabbitmq-sink.ts';
import { RabbitSource } from './rabbitmq-source.ts';

const loadAmqp = (bridge: string) => loadClient(bridge, ['amqplib'], () => import('amqplib'));

/** RabbitMQ, by AMQP 0-9-1. */
export const rabbitmqSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge) => new RabbitSource(await loadAmqp(config.name), config),
  loadSink: async (config: OutboundBridge) => new RabbitSink(await loadAmqp(config.name), config),
};
