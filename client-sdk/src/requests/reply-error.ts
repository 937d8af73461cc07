/**
 * Throw it in the handler of `respond` to fail a request. The requester receives the error
 * `responder_failed`, whose `responder` has the code, message and data. Other errors reach it with the
 * code `internal` and without details.
 *
 * @example
 * import { ReplyError, respond } from '@sluice/client/requests';
 *
 * respond(client.channel('math:divide'), ({ data }) => {
 *   const { a, b } = data as { a: number; b: number };
 *   if (b === 0) throw new ReplyError('division_by_zero', 'b must not be 0');
 *   return a / b;
 * });
 */
export class ReplyError<Data = unknown> extends Error {
  override readonly name = 'ReplyError';
  /**
   * 1 to 64 characters of `A-Z a-z 0-9 _ - .`, for programs. With another code the requester receives
   * `invalid_reply`, and the error is reported here.
   */
  readonly code: string;
  /** Details for programs: any JSON value. */
  readonly data: Data | undefined;

  constructor(code: string, message = '', data?: Data) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
