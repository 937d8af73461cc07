export interface Program {
  readonly name: string;
  readonly package?: string;
  readonly variable: string;
  readonly version?: string;
  readonly versions?: readonly [root: string, folder: string];
}
export const PROXIES: Readonly<Record<'nginx' | 'haproxy', Program>>;
export const BROKERS: Readonly<Record<'nats' | 'rabbitmq' | 'postgres', Program>>;
export function findProgram(program: Program): string | undefined;
export function install(name: string, packages: readonly string[]): void;
export function ensureProgram(program: Program): string;
export function howToGet(program: Program): string;
