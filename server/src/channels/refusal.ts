import { type ErrorBody, type ErrorName, errorBody } from '@sluice/protocol';

/** An expected "no": a value that is handed back, while a throw is always our own mistake. */
export class Refusal {
  readonly error: ErrorName;
  /** What was wrong and where; never a token or a payload. */
  readonly detail: string | undefined;

  constructor(error: ErrorName, detail?: string) {
    this.error = error;
    this.detail = detail;
  }

  get body(): ErrorBody {
    return errorBody(this.error, this.detail);
  }
}
