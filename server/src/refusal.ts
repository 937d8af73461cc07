import { type ErrorBody, type ErrorName, errorBody } from '@sluice/protocol';

/** An expected "no", returned as a value. A throw is always a bug. */
export class Refusal {
  readonly error: ErrorName;
  /** What is wrong and where; never a token or a payload. */
  readonly detail: string | undefined;

  /** Milliseconds to wait before trying again. */
  readonly retryAfter: number | undefined;
  /** What to do, if the catalogue's advice does not fit. */
  #remedy: string | undefined;

  constructor(error: ErrorName, detail?: string, retryAfter?: number) {
    this.error = error;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /** Replaces the advice of the catalogue. */
  advise(remedy: string): this {
    this.#remedy = remedy;
    return this;
  }

  get body(): ErrorBody {
    const body = errorBody(this.error, this.detail, this.retryAfter);
    return this.#remedy === undefined ? body : { ...body, remedy: this.#remedy };
  }
}
