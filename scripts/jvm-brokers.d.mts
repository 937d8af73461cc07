export interface JvmBroker {
  readonly name: string;
  readonly variable: string;
  readonly artifacts: readonly string[];
}
export const JVM_BROKERS: Readonly<Record<'kafka' | 'elasticmq' | 'artemis' | 'classic', JvmBroker>>;
export function howToGetJars(broker: JvmBroker): string;
export function findJava(): string | undefined;
export function findJars(broker: JvmBroker): string | undefined;
export function ensureJars(broker: JvmBroker): string;
