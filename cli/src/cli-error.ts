/** A failure that the user can do something about: one line that says what. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** 1, or 2 where the command line itself was wrong. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
