/** An entry of the error catalogue. */
export interface ErrorKind {
  readonly code: number;
  /** What happened, in one sentence. */
  readonly message: string;
  /** How to fix it. */
  readonly remedy: string;
  /** Can the same command succeed later, unchanged? */
  readonly retryable: boolean;
  /** Status of the HTTP API's response. RFC 9110 section 15. */
  readonly status: number;
}
