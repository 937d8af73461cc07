/** An error that the gateway answered with. */
export interface ErrorFields {
  readonly code: number;
  readonly name: string;
  readonly message: string;
  readonly remedy?: string;
  readonly retryable: boolean;
  readonly docs?: string;
  readonly retryAfter?: number;
}

/** A request was refused, or failed. Compare `name`, an entry of the gateway's catalogue (docs/errors.md). */
export class BackendError extends Error {
  override readonly name: string;
  /** The number of the error in the catalogue. */
  readonly code: number;
  /** The HTTP status. */
  readonly status: number;
  /** What to do. */
  readonly remedy: string | undefined;
  /** May the same call be repeated later? */
  readonly retryable: boolean;
  /** Milliseconds to wait before a repetition. */
  readonly retryAfter: number | undefined;

  /** The whole answer: some have more than the error, such as the `nodes` of a reload. */
  readonly body: unknown;

  constructor(fields: ErrorFields, status: number, body: unknown = { error: fields }) {
    const { name, code, message, remedy, retryable, retryAfter } = fields;
    super(message);
    this.body = body;
    this.name = name;
    this.code = code;
    this.status = status;
    this.remedy = remedy;
    this.retryable = retryable;
    this.retryAfter = retryAfter;
  }
}
