/** Milliseconds for the end of a connection, whose peer may be gone. */
const END = 2_000;

/**
 * Waits until a connection has ended, or was lost.
 *
 * @returns `false`: the peer does not answer, so its socket must be destroyed
 */
export function endInTime(ended: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, END, false);
    const end = () => {
      clearTimeout(timer);
      resolve(true);
    };
    ended.then(end, end);
  });
}
