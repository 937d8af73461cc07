import { flag } from '../values.ts';
import { option } from './option.ts';

/** OpenTelemetry. */
export const TRACING_OPTIONS = {
  tracing: option({
    schema: flag(),
    default: false,
    defaultText: '`false`',
    type: 'boolean',
    env: ['SLUICE_TRACING'],
    flag: '--tracing',
    kind: 'boolean',
    description:
      'Create an OpenTelemetry span for each publish? It needs the package `@opentelemetry/api`, and a tracer provider that the process registers; see [tracing](tracing.md).',
  }),
};
