/** Resolves after the given milliseconds; its timer does not keep the process alive. */
export const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
