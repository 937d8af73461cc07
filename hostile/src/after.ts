/** Resolves after so many milliseconds; nothing stays alive for it. */
export const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
