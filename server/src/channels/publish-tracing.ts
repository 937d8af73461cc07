import type { PublishResult } from '@sluice/protocol';
import type { Refusal } from '../refusal.ts';

/** The span of one publish, from its permission to its acknowledgement. */
export interface PublishSpan {
  /** The `traceparent` of the span, for those who receive the message; `undefined`: nobody traces. */
  readonly traceparent: string | undefined;
  /** `undefined`: a bug of the gateway ended it. */
  end(outcome: PublishResult | Refusal | undefined): void;
}

/** What a span is about. */
export interface TracedPublish {
  readonly channel: string;
  /** The pattern of the channel's rule. */
  readonly rule: string;
  /** The `traceparent` of the publisher. */
  readonly trace: string | undefined;
}

/** Creates the spans of publishes. */
export interface PublishTracer {
  begin(publish: TracedPublish): PublishSpan;
}
