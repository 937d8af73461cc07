import type { ErrorBody, RefusalText } from '@sluice/protocol';
import type { SluiceError } from '../errors.ts';

/** An error as it goes over the wire, with everything that came with it. */
export function bodyOf(error: SluiceError): ErrorBody {
  const { name, code, message, retryable, issues } = error;
  // How long to try is for the tab to say, not for the tab gateway: a publish is asked again.
  const retryAfter = name === 'timed_out' ? 0 : error.retryAfter;
  return {
    code,
    name,
    message,
    retryable,
    ...(retryAfter !== undefined && { retryAfter }),
    ...(issues !== undefined && { issues }),
  };
}

/** A refusal that needs no gateway. The codes are those of the catalogue, which is too large to carry along. */
export function refuse(code: number, { error, detail }: RefusalText): ErrorBody {
  return { code, name: error, message: detail, retryable: false };
}
