import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { Source } from '../source.ts';
import type { BridgeSystem, SourceHost } from '../systems.ts';
import { RabbitSink } from './rabbitmq-sink.ts';
import { RabbitSource } from './rabbitmq-source.ts';
import { RabbitStreamSource } from './rabbitmq-stream-source.ts';

const loadAmqp = (bridge: string) => loadClient(bridge, ['amqplib'], () => import('amqplib'));

async function loadSource(config: InboundBridge, host: SourceHost): Promise<Source> {
  const client = await loadAmqp(config.name);
  return typeof config.from.stream === 'string'
    ? new RabbitStreamSource(client, config, host)
    : new RabbitSource(client, config);
}

/** RabbitMQ, by AMQP 0-9-1. */
export const rabbitmqSystem: BridgeSystem = {
  loadSource,
  loadSink: async (config: OutboundBridge) => new RabbitSink(await loadAmqp(config.name), config),
};
