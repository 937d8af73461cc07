/** Values that the configuration takes from environment variables. */

import type { Path, Problems } from './problems.ts';

interface VariableAt {
  readonly path: Path;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: Problems;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Words that people name variables with: an error repeats nothing else, because it may be the secret itself. */
const CONVENTIONAL = /^[A-Z][A-Z0-9]{0,11}(_[A-Z0-9]{1,12})*$/;

/** The value of the variable that an option names. */
export function readVariable(
  variable: unknown,
  { path, env, problems }: VariableAt,
  advice = 'Set it, or correct the name',
): string | undefined {
  const value: unknown = typeof variable === 'string' ? env[variable] : undefined;
  if (typeof value === 'string' && value !== '') return value;
  problems.add(path, `${faultOf(variable)}. ${advice}`);
  return undefined;
}

function faultOf(variable: unknown): string {
  if (typeof variable !== 'string' || !NAME.test(variable)) {
    return 'must be the name of an environment variable, like MY_SECRET, and not its value';
  }
  if (CONVENTIONAL.test(variable)) return `the environment variable ${variable} is not set`;
  return 'names an environment variable that is not set';
}
