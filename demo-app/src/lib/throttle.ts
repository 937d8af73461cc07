/** Runs something at most so often. */
export interface Throttle {
  /** At once when it has not run for a while, otherwise as soon as it may. */
  call(): void;
  /** At once in any case. */
  flush(): void;
  /** Forgets what was to come. */
  cancel(): void;
}

/**
 * Makes a throttle. What comes while it waits is done once, with what is newest by then.
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
