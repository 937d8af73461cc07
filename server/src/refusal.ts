import { type ErrorBody, type ErrorName, errorBody } from '@sluice/protocol';

/** An expected "no", returned as a value. A throw is always a bug. */
export class Refusal {
  readonly error: ErrorName;
  /** What is wrong and where; never a token or a payload. */
  readonly detail: string | undefined;

  /** Milliseconds to wait before trying again. */
  readonly retryAfter: number | undefined;

  constructor(error: ErrorName, detail?: string, retryAfter?: number) {
    this.error = error;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  get body(): ErrorBody {
    return errorBody(this.error, this.detail, this.retryAfter);
  }
}
