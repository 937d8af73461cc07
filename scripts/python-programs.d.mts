export interface PythonProgram {
  readonly name: string;
  readonly variable: string;
  readonly packages: readonly string[];
}
export const MOTO: PythonProgram;
export function findPython(): string | undefined;
export function howToFetch(program: PythonProgram): string;
export function findPythonProgram(program: PythonProgram): string | undefined;
export function ensurePythonProgram(program: PythonProgram): string;
