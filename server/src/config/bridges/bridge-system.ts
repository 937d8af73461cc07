import type { BridgeOptions } from '../../bridge.ts';
import type { Table } from '../options/option.ts';

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
  /** Where to send. Absent: the system has no outbound bridge. */
  readonly to?: Table;
  /** What is wrong with options of a connection that are right one by one. */
  readonly fault?: (connection: BridgeOptions) => { readonly option: string; readonly fault: string } | undefined;
}
