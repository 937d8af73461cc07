import type { SinkRecord } from './sink.ts';

/** The broker accepts records, but not where these would go. It has stored none of them. */
export class Unroutable extends Error {
  override readonly name = 'Unroutable';
  /** Of the records. */
  readonly ids: readonly string[];

  /** @param message where the first one would go, for an operator */
  constructor(records: readonly [SinkRecord, ...SinkRecord[]], message: string) {
    super(message);
    this.ids = records.map(({ id }) => id);
  }
}
