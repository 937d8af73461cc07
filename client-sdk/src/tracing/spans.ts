import {
  type Context,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { VERSION } from '../version.ts';
import type { TracingOptions } from './api.ts';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

interface Operation extends TracingOptions {
  readonly name: 'publish' | 'process';
  readonly channel: string;
  /** The `traceparent` that it continues. Default: the active span. */
  readonly parent?: string | undefined;
}

/** Begins a span by the semantic conventions for messaging, version 1.36. */
export function beginSpan({ name, channel, template, parent }: Operation): Span {
  const isPublish = name === 'publish';
  const attributes = {
    'messaging.system': 'sluice',
    'messaging.operation.name': name,
    'messaging.operation.type': isPublish ? 'send' : 'process',
    'messaging.destination.name': channel,
    ...(template !== undefined && { 'messaging.destination.template': template }),
  };
  const kind = isPublish ? SpanKind.PRODUCER : SpanKind.CONSUMER;
  const tracer = trace.getTracer('@sluice/client', VERSION);
  return tracer.startSpan(`${name} ${template ?? channel}`, { kind, attributes }, contextOf(parent));
}

function contextOf(traceparent: string | undefined): Context {
  const active = context.active();
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return active;
  return trace.setSpanContext(active, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true });
}

/** The `traceparent` of a span; `undefined` if nobody traces. */
export function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!isSpanContextValid(span.spanContext())) return undefined;
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}

/** Runs something within a span, which ends with it. */
export function runWithin<Result>(span: Span, run: () => Result): Result {
  let result: Result;
  try {
    result = context.with(trace.setSpan(context.active(), span), run);
  } catch (error) {
    fail(span, error);
    throw error;
  }
  if (result instanceof Promise)
    result.then(
      () => span.end(),
      (error: unknown) => fail(span, error),
    );
  else span.end();
  return result;
}

function fail(span: Span, error: unknown): void {
  const { name } = error as Partial<Error>;
  span.setAttribute('error.type', name ?? 'error');
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
