/**
 * A list or a log was read, and a part is missing: nodes that did not answer, or messages that no longer
 * exist. Methods throw it unless they are given a function for the case.
 */
export class IncompleteError extends Error {
  override readonly name = 'IncompleteError';
}
