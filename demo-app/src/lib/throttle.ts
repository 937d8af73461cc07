/** Limits how often a function runs. */
export interface Throttle {
  /** Runs at once after a pause, otherwise as soon as the interval allows. */
  call(): void;
  /** Runs a pending call at once. */
  flush(): void;
  /** Cancels a pending run. */
  cancel(): void;
}

/**
 * Creates a throttle. Calls while it waits result in one run.
 *
 * @param interval milliseconds between two runs
 */
export function throttle(run: () => void, interval: number): Throttle {
  let ready = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const cancel = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const flush = () => {
    cancel();
    ready = Date.now() + interval;
    run();
  };
  const call = () => {
    const wait = ready - Date.now();
    if (wait <= 0) flush();
    else timer ??= setTimeout(flush, wait);
  };
  return { call, flush, cancel };
}
