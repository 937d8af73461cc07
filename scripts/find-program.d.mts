export interface Program {
  readonly name: string;
  readonly variable: string;
  readonly version?: string;
}
export const PROXIES: Readonly<Record<'nginx' | 'haproxy', Program>>;
export const BROKERS: Readonly<Record<'nats' | 'rabbitmq', Program>>;
export function findProgram(program: Program): string | undefined;
export function ensureProgram(program: Program): string;
export function howToGet(program: Program): string;
