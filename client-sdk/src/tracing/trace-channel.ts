import type { TracedMessage, TracingOptions } from './api.ts';
import { beginSpan, runWithin, traceparentOf } from './spans.ts';
import { traceHandler } from './trace-handler.ts';

/** A channel of a client; with `publish` unless its contract only lets it read. */
export interface TraceableChannel {
  readonly name: string;
  readonly subscribe: unknown;
}

interface Methods {
  readonly name: string;
  subscribe(handler: (message: TracedMessage) => unknown, options?: object): unknown;
  publish(data: unknown, options?: { readonly trace?: string }): Promise<{ readonly id: string }>;
}

/**
 * Returns the channel with traces: `publish` is a span `publish`, whose trace the message carries, and
 * each handler of `subscribe` runs within a span `process` of the trace of its message. Everything
 * else, also iterating, is that of the channel itself.
 *
 * @example
 * import { traceChannel } from '@sluice/client/tracing';
 *
 * const lobby = traceChannel(client.channel('chat:lobby'), { template: 'chat:{room}' });
 * lobby.subscribe((message) => show(message.data));
 * await lobby.publish({ text: 'Hello' });
 */
export function traceChannel<C extends TraceableChannel>(channel: C, options: TracingOptions = {}): C {
  const inner = channel as unknown as Methods;
  const { name } = inner;
  const traced: Pick<Methods, 'subscribe' | 'publish'> = {
    subscribe: (handler, given) => inner.subscribe(traceHandler(handler, options), given),
    publish: (data, given) => {
      const span = beginSpan({ ...options, name: 'publish', channel: name, parent: given?.trace });
      const trace = traceparentOf(span) ?? given?.trace;
      return runWithin(span, async () => {
        const result = await inner.publish(data, { ...given, ...(trace !== undefined && { trace }) });
        span.setAttribute('messaging.message.id', result.id);
        return result;
      });
    },
  };
  return new Proxy(channel, {
    get(target, property) {
      const own = Object.hasOwn(traced, property) ? traced[property as keyof typeof traced] : undefined;
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
