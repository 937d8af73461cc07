export interface GoProgram {
  readonly name: string;
  readonly variable: string;
  readonly folder: string;
}
export const PSTEST: GoProgram;
export function howToBuild(program: GoProgram): string;
export function findGoProgram(program: GoProgram): string | undefined;
export function ensureGoProgram(program: GoProgram): string;
