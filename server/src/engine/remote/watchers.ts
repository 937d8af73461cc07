/** Which users of the engine watch which channel. */
export class Watchers<T> {
  readonly #listeners = new Map<string, Set<T>>();

  /** @returns whether it is the channel's first */
  add(channel: string, listener: T): boolean {
    const listeners = this.#listeners.get(channel);
    if (listeners === undefined) {
      this.#listeners.set(channel, new Set([listener]));
      return true;
    }
    listeners.add(listener);
    return false;
  }

  /** @returns whether it was the channel's last */
  remove(channel: string, listener: T): boolean {
    const listeners = this.#listeners.get(channel);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return false;
    return this.#listeners.delete(channel);
  }

  of(channel: string): Iterable<T> {
    return this.#listeners.get(channel) ?? [];
  }
}
