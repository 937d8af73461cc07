/** Something that is read beside others: its name, for people, and how. */
export type Part<T> = readonly [name: string, read: () => Promise<readonly T[]>];

/**
 * Reads parts that do not need each other, and puts the entries together in their order.
 *
 * @param failed the entry of a part that could not be read
 * @throws the first error, if no part could be read
 */
export async function readParts<T>(
  parts: readonly Part<T>[],
  failed: (name: string, error: unknown) => T,
): Promise<readonly T[]> {
  const settled = await Promise.allSettled(parts.map(([, read]) => read()));
  const [first] = settled;
  if (first?.status === 'rejected' && settled.every(({ status }) => status === 'rejected')) throw first.reason;
  return settled.flatMap((each, at) =>
    each.status === 'fulfilled' ? each.value : [failed(parts[at]?.[0] ?? '', each.reason)],
  );
}
