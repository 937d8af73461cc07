/** A stretch of a list of channels, in the order of their names. */
export interface ChannelNames {
  readonly channels: readonly string[];
  /** The name up to which the stretch is complete; `null`: the list ends here. */
  readonly upTo: string | null;
}

export interface StretchOptions<T> {
  /** Entries that are looked at. */
  readonly most: number;
  readonly nameOf: (entry: T) => string;
  /** Default: all are listed. */
  readonly isListed?: (entry: T) => boolean;
}

/** @param entries in the order of their names */
export function stretchOf<T>(entries: Iterable<T>, options: StretchOptions<T>): ChannelNames {
  const { most, nameOf, isListed = () => true } = options;
  const channels: string[] = [];
  let seen = 0;
  for (const entry of entries) {
    const name = nameOf(entry);
    if (isListed(entry)) channels.push(name);
    if (++seen >= most) return { channels, upTo: name };
  }
  return { channels, upTo: null };
}
