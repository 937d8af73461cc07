/** A failure that the user can fix, described in one line. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** 1, or 2 if the command line is wrong. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
