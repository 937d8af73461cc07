import { isTrace } from '@sluice/protocol';
import type { RequestHead } from '../transport/http.ts';

/** The `traceparent` of a request. A malformed one is ignored: W3C Trace Context, section 3.2.2.3. */
export function traceOf({ headers }: RequestHead): string | undefined {
  const trace = headers.get('traceparent');
  return isTrace(trace) ? trace : undefined;
}
