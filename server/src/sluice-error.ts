import { ERRORS, type ErrorName } from '@sluice/protocol';

/** An entry of the error catalogue, thrown by the embedding API. */
export class SluiceError extends Error {
  override readonly name: ErrorName;
  readonly code: number;
  /** May the same thing be tried again, unchanged, later? */
  readonly retryable: boolean;

  constructor(name: ErrorName, detail?: string) {
    super(detail ?? ERRORS[name].message);
    this.name = name;
    this.code = ERRORS[name].code;
    this.retryable = ERRORS[name].retryable;
  }
}
