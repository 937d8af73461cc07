import {
  ERRORS,
  type ErrorBody,
  type ErrorName,
  type Issue,
  type Position,
  type ResponderError,
} from '@sluice/protocol';

/** An entry of the error catalogue, thrown by the embedding API. */
export class SluiceError extends Error {
  override readonly name: ErrorName;
  readonly code: number;
  /** May the same call be retried unchanged later? */
  readonly retryable: boolean;

  /** Milliseconds to wait before a retry. */
  readonly retryAfter: number | undefined;

  /** With `payload_invalid`: the issues that the channel's contract reports. */
  readonly issues: readonly Issue[] | undefined;

  /** With `responder_failed`: the error of the responder. */
  readonly responder: ResponderError | undefined;

  /** With `conflict`: where the head of the log is. */
  readonly head: Position | undefined;

  constructor(
    name: ErrorName,
    detail?: string,
    { issues, retryAfter, responder, head }: Pick<ErrorBody, 'issues' | 'retryAfter' | 'responder' | 'head'> = {},
  ) {
    super(detail ?? ERRORS[name].message);
    this.responder = responder;
    this.head = head;
    this.issues = issues;
    this.retryAfter = retryAfter;
    this.name = name;
    this.code = ERRORS[name].code;
    this.retryable = ERRORS[name].retryable;
  }
}
