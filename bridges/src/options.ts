import type { BridgeOptions } from '@sluice/server/bridging';

/** Options are checked by the gateway: another type means that gateway and package do not belong together. */
const wrong = (name: string, kind: string): Error =>
  new Error(`the option "${name}" is not ${kind}. Use @sluice/bridges of the same version as the gateway`);

export function textOption(options: BridgeOptions, name: string): string {
  const value = options[name];
  if (typeof value !== 'string') throw wrong(name, 'a text');
  return value;
}

export function listOption(options: BridgeOptions, name: string): readonly string[] {
  const value = options[name];
  if (!Array.isArray(value)) throw wrong(name, 'a list');
  return value as readonly string[];
}

export function numberOption(options: BridgeOptions, name: string): number {
  const value = options[name];
  if (typeof value !== 'number') throw wrong(name, 'a number');
  return value;
}
