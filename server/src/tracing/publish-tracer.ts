import type * as Otel from '@opentelemetry/api';
import type { PublishResult } from '@sluice/protocol';
import type { PublishSpan, PublishTracer, TracedPublish } from '../channels/publish-tracing.ts';
import { Refusal } from '../refusal.ts';
import { requireOptional } from '../util/optional-package.ts';
import { VERSION } from '../util/version.ts';
import { parseTraceparent, writeTraceparent } from './traceparent.ts';

/**
 * Creates a span for each publish with OpenTelemetry, by its semantic conventions for messaging,
 * version 1.36. The spans go to the tracer provider that the process has registered; without one
 * they cost a few objects and go nowhere.
 *
 * @throws MissingPackageError if `@opentelemetry/api` is not installed
 */
export function createPublishTracer(
  api: typeof Otel = requireOptional<typeof Otel>('The option "tracing"', '@opentelemetry/api'),
): PublishTracer {
  const tracer = api.trace.getTracer('@sluice/server', VERSION);
  return {
    begin: (publish) =>
      new Span(api, tracer.startSpan(`publish ${publish.rule}`, optionsOf(api, publish), parentOf(api, publish))),
  };
}

function optionsOf(api: typeof Otel, { channel, rule }: TracedPublish): Otel.SpanOptions {
  const attributes = {
    'messaging.system': 'sluice',
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.destination.name': channel,
    'messaging.destination.template': rule,
  };
  return { kind: api.SpanKind.PRODUCER, attributes };
}

/** The trace of the publisher. A program that embeds the gateway need not name its own. */
function parentOf(api: typeof Otel, { trace }: TracedPublish): Otel.Context {
  const parent = trace === undefined ? null : parseTraceparent(trace);
  if (parent === null) return api.context.active();
  return api.trace.setSpanContext(api.ROOT_CONTEXT, { ...parent, isRemote: true });
}

class Span implements PublishSpan {
  readonly #api: typeof Otel;
  readonly #span: Otel.Span;

  constructor(api: typeof Otel, span: Otel.Span) {
    this.#api = api;
    this.#span = span;
  }

  get traceparent(): string | undefined {
    const context = this.#span.spanContext();
    return this.#api.isSpanContextValid(context) ? writeTraceparent(context) : undefined;
  }

  end(outcome: PublishResult | Refusal | undefined): void {
    const error = outcome === undefined ? 'internal' : outcome instanceof Refusal ? outcome.error : undefined;
    if (error !== undefined) {
      this.#span.setAttribute('error.type', error);
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    } else if (outcome !== undefined && 'id' in outcome) {
      this.#span.setAttribute('messaging.message.id', outcome.id);
    }
    this.#span.end();
  }
}
