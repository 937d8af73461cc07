import { type Mock, vi } from 'vitest';

/** Hears what is thrown from microtasks, in place of the platform, which would report it as an uncaught error. */
export function hearUncaught(): Mock<(error: unknown) => void> {
  const heard = vi.fn<(error: unknown) => void>();
  const defer = queueMicrotask;
  vi.stubGlobal('queueMicrotask', (task: () => void) =>
    defer(() => {
      try {
        task();
      } catch (error) {
        heard(error);
      }
    }),
  );
  return heard;
}
