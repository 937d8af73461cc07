import type { BridgeOptions } from '../../bridge.ts';
import type { Table } from '../options/option.ts';

/** What a bridge reads alone. */
export interface Reader {
  /** Where: bridges with one of these in common read from the same broker. */
  readonly servers: readonly string[];
  /** What, for people. */
  readonly parts: readonly string[];
  readonly remedy: string;
}

/** The texts of an option that may be one, or a list. */
export const textsOf = (value: BridgeOptions[string]): readonly string[] =>
  Array.isArray(value) ? value : [String(value ?? '')];

/** The servers of a URL that may have several with commas. */
export const serversOf = ({ url }: BridgeOptions): readonly string[] => String(url).split(',');

/** The options of one kind of broker. */
export interface BridgeSystem {
  /** For people. */
  readonly title: string;
  /**
   * How to connect. Each text `name` may also be given as `nameEnv`, the name of an environment
   * variable.
   */
  readonly connection: Table;
  /** What to read. Absent: the system has no inbound bridge. */
  readonly from?: Table;
  /** What is wrong with options of `from` that are each valid, such as two that exclude each other; `null`: nothing. */
  readonly fromFault?: (from: Readonly<Record<string, unknown>>) => string | null;
  /** What of the broker only one bridge may read. Absent, or `undefined`: any number may. */
  readonly reader?: (connection: BridgeOptions, from: BridgeOptions) => Reader | undefined;
  /** Where to send. Absent: the system has no outbound bridge. */
  readonly to?: Table;
  /** What is wrong with options of a connection that are right one by one. */
  readonly fault?: (connection: BridgeOptions) => { readonly option: string; readonly fault: string } | undefined;
}
