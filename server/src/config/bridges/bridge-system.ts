import type { BridgeOptions } from '../../bridge.ts';
import type { Table } from '../options/option.ts';

/** The variables of the environment, in which clients look for what the configuration does not say. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a bridge reads alone. */
export interface Reader {
  readonly parts: readonly ReaderPart[];
  /** What to do if two bridges share a part. */
  readonly remedy: string;
  /**
   * Some servers of the cluster, if a part does not name them: lists without a common server may be
   * of one cluster or of two.
   */
  readonly servers?: readonly string[];
}

export interface ReaderPart {
  /** For people. */
  readonly name: string;
  /**
   * What it is, as all spellings of it have it: the server, and where in the server. `null` is not
   * known from the configuration, and may be anything.
   */
  readonly id: readonly (string | null)[];
}

/** The texts of an option that may be one, or a list. */
export const textsOf = (value: BridgeOptions[string]): readonly string[] =>
  Array.isArray(value) ? value : [String(value ?? '')];

/** The options of one kind of broker. */
export interface BridgeSystem {
  /** For people. */
  readonly title: string;
  /**
   * How to connect. Each text `name` may also be given as `nameEnv`, the name of an environment
   * variable. Secrets have `kind: 'secret'`: everything else is shown to operators.
   */
  readonly connection: Table;
  /** What to read. Absent: the system has no inbound bridge. */
  readonly from?: Table;
  /** Can its messages have a key? */
  readonly hasKeys: boolean;
  /** What is wrong with options of `from` that are each valid, such as two that exclude each other; `null`: nothing. */
  readonly fromFault?: (from: Readonly<Record<string, unknown>>) => string | null;
  /**
   * What of the broker only one bridge may read. Absent, or `undefined`: any number may. Is called
   * with complete options.
   */
  readonly reader?: (connection: BridgeOptions, from: BridgeOptions, env: Environment) => Reader | undefined;
  /** Where to send. Absent: the system has no outbound bridge. */
  readonly to?: Table;
  /** What is wrong with options of a connection that are right one by one. */
  readonly fault?: (connection: BridgeOptions) => { readonly option: string; readonly fault: string } | undefined;
}
