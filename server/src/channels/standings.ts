import type { Kind, Standing } from './standing.ts';

/** What is of one kind. */
class Group {
  readonly kind: Kind;
  readonly held = new Map<string, Standing>();
  /** What an engine is still asked for. */
  pending: Map<string, Promise<unknown>> | undefined;

  constructor(kind: Kind) {
    this.kind = kind;
  }
}

const NONE = new Map<string, never>();

/** What one connection holds, by kind and key. An array of groups, because there are few kinds and many connections. */
export class Standings implements Iterable<Standing> {
  readonly #groups: Group[] = [];

  /** What is of one kind, by key. */
  of<S extends Standing>(kind: Kind<S>): ReadonlyMap<string, S> {
    return (this.#find(kind)?.held as ReadonlyMap<string, S> | undefined) ?? NONE;
  }

  /** Everything that is held. It may end during the iteration. */
  *[Symbol.iterator](): Iterator<Standing> {
    for (const { held } of this.#groups) yield* held.values();
  }

  add(standing: Standing): void {
    this.#ensure(standing.kind).held.set(standing.key, standing);
  }

  /** @returns whether it was held */
  remove({ kind, key }: Standing): boolean {
    return this.#find(kind)?.held.delete(key) ?? false;
  }

  /** Is one with this key held or pending? */
  has(kind: Kind, key: string): boolean {
    const group = this.#find(kind);
    return group !== undefined && (group.held.has(key) || group.pending?.has(key) === true);
  }

  /** How many of a kind are held or pending. */
  count(kind: Kind): number {
    const group = this.#find(kind);
    return group === undefined ? 0 : group.held.size + (group.pending?.size ?? 0);
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
    return this.#groups.find((group) => group.kind === kind);
  }

  #ensure(kind: Kind): Group {
    const found = this.#find(kind);
    if (found !== undefined) return found;
    const group = new Group(kind);
    this.#groups.push(group);
    return group;
  }
}
