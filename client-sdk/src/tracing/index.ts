/**
 * OpenTelemetry spans for publishes and for handlers of messages. It needs `@opentelemetry/api`.
 *
 * @packageDocumentation
 */
export type { TracedMessage, TracingOptions } from './api.ts';
export { type TraceableChannel, traceChannel } from './trace-channel.ts';
export { type TracedInput, traceHandler } from './trace-handler.ts';
