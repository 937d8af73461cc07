import type { TracedMessage, TracingOptions } from './api.ts';
import { beginSpan, runWithin } from './spans.ts';

/** What a handler receives: a message, or the delivery of one. */
export type TracedInput = TracedMessage | { readonly message: TracedMessage };

/**
 * Runs a handler within a span `process`, in the trace of the message's publisher. For `subscribe`,
 * and for `consume` of `@sluice/client/queues`. If the handler returns a promise, the span ends when
 * it settles.
 *
 * @example
 * import { consume } from '@sluice/client/queues';
 * import { traceHandler } from '@sluice/client/tracing';
 *
 * consume(client.channel('jobs:mail'), traceHandler(async ({ message }) => handle(message.data)));
 */
export function traceHandler<Input extends TracedInput, Rest extends unknown[], Result>(
  handler: (input: Input, ...rest: Rest) => Result,
  options: TracingOptions = {},
): (input: Input, ...rest: Rest) => Result {
  return (input, ...rest) => {
    const { channel, id, trace: parent } = 'message' in input ? input.message : input;
    const span = beginSpan({ ...options, name: 'process', channel, parent });
    span.setAttribute('messaging.message.id', id);
    return runWithin(span, () => handler(input, ...rest));
  };
}
