import type { PublishStep } from './publish-steps.ts';
import type { PublishTracer } from './publish-tracing.ts';

/** The step that begins the span: subscribers and hooks continue from it. */
export const beginSpan =
  (tracer: PublishTracer): PublishStep =>
  (publication) => {
    const { channel, rule, draft } = publication;
    const span = tracer.begin({ channel, rule: rule.pattern.source, trace: draft.trace });
    publication.span = span;
    if (span.traceparent !== undefined) publication.draft = { ...draft, trace: span.traceparent };
    return null;
  };
