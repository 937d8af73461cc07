import { SmallMap } from '../util/small-map.ts';
import type { Kind, Standing } from './standing.ts';

/** What is held of one kind, by key. */
class Group extends SmallMap<string, Standing> {
  readonly kind: Kind;
  /** What an engine is still asked for. */
  pending: Map<string, Promise<unknown>> | undefined;

  constructor(kind: Kind) {
    super();
    this.kind = kind;
  }
}

/** What is of one kind, by key. */
type Held<S> = Pick<SmallMap<string, S>, 'get' | 'has' | 'size' | 'keys' | 'values'>;

const NONE: Held<never> = new SmallMap<string, never>();
const NO_GROUPS: readonly Group[] = [];

/**
 * What one connection holds, by kind and key. An array of groups, because there are few kinds and
 * many connections; it is replaced with each further kind, because arrays that grow have room for
 * many more.
 */
export class Standings implements Iterable<Standing> {
  #groups = NO_GROUPS;

  /** What is of one kind, by key. */
  of<S extends Standing>(kind: Kind<S>): Held<S> {
    return (this.#find(kind) as Held<S> | undefined) ?? NONE;
  }

  /** Everything that is held. It may end during the iteration. */
  *[Symbol.iterator](): Iterator<Standing> {
    for (const group of this.#groups) yield* group.values();
  }

  add(standing: Standing): void {
    this.#ensure(standing.kind).set(standing.key, standing);
  }

  /** @returns whether it was held */
  remove({ kind, key }: Standing): boolean {
    return this.#find(kind)?.delete(key) ?? false;
  }

  /** Is one with this key held or pending? */
  has(kind: Kind, key: string): boolean {
    const group = this.#find(kind);
    return group !== undefined && (group.has(key) || group.pending?.has(key) === true);
  }

  /** How many of a kind are held or pending. */
  count(kind: Kind): number {
    const group = this.#find(kind);
    return group === undefined ? 0 : group.size + (group.pending?.size ?? 0);
  }

  /** The pending one, if there is one: the promise settles when it has begun, or failed to. */
  pending(kind: Kind, key: string): Promise<unknown> | undefined {
    return this.#find(kind)?.pending?.get(key);
  }

  /** Counts one as pending until the promise settles. */
  addPending<T>(kind: Kind, key: string, pending: Promise<T>): Promise<T> {
    const group = this.#ensure(kind);
    group.pending ??= new Map();
    // Who waits for it continues after its own command was answered, not before.
    const settled = pending.finally(() => group.pending?.delete(key));
    group.pending.set(key, settled);
    return settled;
  }

  #find(kind: Kind): Group | undefined {
    for (const group of this.#groups) if (group.kind === kind) return group; // `find` would create a function
    return undefined;
  }

  #ensure(kind: Kind): Group {
    const found = this.#find(kind);
    if (found !== undefined) return found;
    const group = new Group(kind);
    this.#groups = this.#groups.concat(group);
    return group;
  }
}
