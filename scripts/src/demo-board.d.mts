export interface Board {
  /** The name of its broker. */
  readonly title: string;
  /** The path of the demo's configuration with a bridge. */
  readonly config: string;
  stop(): Promise<void>;
}
export const NO_BROKER: string;
export function hasBroker(): boolean;
export function startBoard(): Promise<Board>;
