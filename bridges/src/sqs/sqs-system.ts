import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { loadClient } from '../load-client.ts';
import type { BridgeSystem } from '../systems.ts';
import { SqsSink } from './sqs-sink.ts';
import { SqsSource } from './sqs-source.ts';

const loadSqs = (bridge: string) => loadClient(bridge, ['@aws-sdk/client-sqs'], () => import('@aws-sdk/client-sqs'));

/** Amazon SQS: standard and FIFO queues. */
export const sqsSystem: BridgeSystem = {
  loadSource: async (config: InboundBridge) => new SqsSource(await loadSqs(config.name), config),
  loadSink: async (config: OutboundBridge) => new SqsSink(await loadSqs(config.name), config),
};
