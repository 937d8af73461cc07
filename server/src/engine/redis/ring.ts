/** Points of each place on the ring: enough to share channels evenly. */
const POINTS = 160;

/** FNV-1a, and a finish that spreads names which differ in little. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * Consistent hashing: which of several places has a channel. The same for all who know the same
 * names, in whatever order; when a place comes or goes, no channels move but those of that place.
 */
export class Ring<T> {
  readonly #points: readonly { readonly at: number; readonly place: T }[];

  constructor(places: ReadonlyMap<string, T>) {
    const points = [...places].flatMap(([name, place]) =>
      Array.from({ length: POINTS }, (_, point) => ({ at: hash(`${name} ${point}`), name, place })),
    );
    points.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
    if (points.length === 0) throw new Error('a ring needs at least one place');
    this.#points = points;
  }

  /** The place that has this channel. */
  find(channel: string): T {
    const wanted = hash(channel);
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle]?.at ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    const { place } = this.#points[low % this.#points.length] as { place: T };
    return place;
  }
}
