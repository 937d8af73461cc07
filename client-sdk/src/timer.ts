/** Undoes what was begun: stops a timer, removes a listener. Calling it twice does nothing. */
export type Cancel = () => void;

/** Does nothing: the resting value of a `Cancel`. */
export function nothing(): void {}

/** Runs a function once, after so many milliseconds, unless it is cancelled before. */
export function after(ms: number, run: () => void): Cancel {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
