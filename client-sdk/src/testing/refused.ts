import { type ErrorBody, type ErrorName, errorBody, type RefusalText } from '@sluice/protocol';

/** The refusal of a command. */
export class Refused extends Error {
  readonly body: ErrorBody;

  static with({ error, detail }: RefusalText): Refused {
    return new Refused(error, detail);
  }

  constructor(error: ErrorName, detail?: string, extra: Pick<ErrorBody, 'issues' | 'responder' | 'head'> = {}) {
    super(detail);
    this.body = { ...errorBody(error, detail), ...extra };
  }
}
