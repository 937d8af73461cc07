/** Stops a timer or removes a listener. The second call does nothing. */
export type Cancel = () => void;

/** Does nothing: the idle value of a `Cancel`. */
export function nothing(): void {}

/** Runs a function once after `ms` milliseconds, unless it is cancelled. */
export function after(ms: number, run: () => void): Cancel {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
