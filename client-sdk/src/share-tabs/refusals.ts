import type { ErrorBody, RefusalText } from '@sluice/protocol';
import type { SluiceError } from '../errors.ts';

/** Converts an error to its wire format. */
export function bodyOf(error: SluiceError): ErrorBody {
  const { name, code, message, retryable, issues, head } = error;
  // The tab decides how long to retry, not the tab gateway: the tab repeats the publish.
  const retryAfter = name === 'timed_out' ? 0 : error.retryAfter;
  return {
    code,
    name,
    message,
    retryable,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(issues !== undefined && { issues }),
    ...(head !== undefined && { head }),
  };
}

/**
 * A refusal that the tab gateway decides itself. The code is a parameter because the error
 * catalogue is too large to bundle.
 */
export function refuse(code: number, { error, detail }: RefusalText): ErrorBody {
  return { code, name: error, message: detail, retryable: false };
}
