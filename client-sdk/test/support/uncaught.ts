import { type Mock, vi } from 'vitest';

/** Catches errors that are thrown from microtasks, which the platform would report as uncaught. */
export function hearUncaught(): Mock<(error: unknown) => void> {
  const onUncaught = vi.fn<(error: unknown) => void>();
  const defer = queueMicrotask;
  vi.stubGlobal('queueMicrotask', (task: () => void) =>
    defer(() => {
      try {
        task();
      } catch (error) {
        onUncaught(error);
      }
    }),
  );
  return onUncaught;
}
