/** A value that is known at once, or that a promise brings. */
export type NowOrLater<T> = T | Promise<T>;

/**
 * Continues with a value: at once if the value is known, otherwise when its promise settles. No promise is made for a known value, so the
 * caller keeps its order and pays nothing.
 *
 * @param failed called if the promise rejects; without it the rejection is passed on. Like the second argument of `then`, it does not
 *   hear of errors that `next` throws
 * @example
 * ```ts
 * return chain(log.read(channel, 0, 0), ({ head }) => head);
 * ```
 */
export function chain<T, R>(
  value: NowOrLater<T>,
  next: (value: T) => NowOrLater<R>,
  failed?: (error: unknown) => NowOrLater<R>,
): NowOrLater<R> {
  return value instanceof Promise ? value.then(next, failed) : next(value);
}

/**
 * Asks for a value and turns an error into another value, whether the error is thrown at once or rejects the promise.
 *
 * @example
 * ```ts
 * return recover(() => log.append(channel, entry, options), toRefusal);
 * ```
 */
export function recover<T>(ask: () => NowOrLater<T>, failed: (error: unknown) => NowOrLater<T>): NowOrLater<T> {
  try {
    const value = ask();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (error) {
    return failed(error);
  }
}
