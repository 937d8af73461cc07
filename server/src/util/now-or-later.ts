/** A value that is known at once, or that a promise brings. */
export type NowOrLater<T> = T | Promise<T>;

/**
 * Continues with a value: at once if the value is known, otherwise when its promise settles. No
 * promise is created for a known value, so the caller keeps its order and pays nothing.
 *
 * @param failed called if the promise rejects; without it the rejection is passed on. Like the
 *   second argument of `then`, it is not called for errors that `next` throws.
 */
export function chain<T, R>(
  value: NowOrLater<T>,
  next: (value: T) => NowOrLater<R>,
  failed?: (error: unknown) => NowOrLater<R>,
): NowOrLater<R> {
  return value instanceof Promise ? value.then(next, failed) : next(value);
}

/**
 * Calls `ask`, and turns an error into another value, whether it is thrown at once or rejects the
 * promise.
 */
export function recover<T>(ask: () => NowOrLater<T>, failed: (error: unknown) => NowOrLater<T>): NowOrLater<T> {
  try {
    const value = ask();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (error) {
    return failed(error);
  }
}

/** All values, in order: at once if all are known, without a promise for each. */
export const allOf = <T>(values: readonly NowOrLater<T>[]): NowOrLater<readonly T[]> =>
  values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[]);
