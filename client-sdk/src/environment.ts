/** Undoes what was begun: stops a timer, removes a listener. Calling it twice does nothing. */
export type Cancel = () => void;

/** What the client takes from its surroundings. Tests hand in one of their own, so that none of them ever sleeps. */
export interface Environment {
  /** Milliseconds since the Unix epoch. The wall clock, because it goes on while the machine sleeps. */
  now(): number;
  /** From 0 up to, but not including, 1. */
  random(): number;
  /** Runs a function once, after so many milliseconds. */
  after(ms: number, run: () => void): Cancel;
}

// Every global is looked up when it is used: importing the library touches none.
export const realEnvironment: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Does nothing: the resting value of a `Cancel`. */
export function nothing(): void {}
