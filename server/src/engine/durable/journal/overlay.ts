import { type Change, type Range, type Row, TABLES, type Table } from '../store.ts';
import { ChangeArena } from './change-arena.ts';
import { OverlayTable } from './overlay-table.ts';

/** A value on more than half a page occupies whole pages. */
const PAGE = 4096;
const LARGE = PAGE / 2;
/** Of a row, beside its key and value. */
const ROW_HEAD = 16;

/** The pages that a row will take in its table, in bytes. */
function estimate({ key, value }: Change): number {
  if (value === null) return 0;
  const size = ROW_HEAD + key.length + value.length;
  return size < LARGE ? size : Math.ceil(size / PAGE) * PAGE;
}

/** Changes that are flushed in the journal, but not in the tables yet. Later changes of a row replace earlier ones. */
export class Overlay {
  readonly #arena = new ChangeArena();
  readonly #tables = Object.fromEntries(TABLES.map((name) => [name, new OverlayTable(this.#arena)])) as Record<
    Table,
    OverlayTable
  >;
  /** Estimated bytes that the tables will need for it. */
  bytes = 0;
  /** Number of the last transaction that it holds. */
  last = 0;

  get isEmpty(): boolean {
    return TABLES.every((name) => this.#tables[name].size === 0);
  }

  add(changes: readonly Change[], number: number): void {
    for (const change of changes) {
      const replaced = this.#tables[change.table].set(change);
      this.bytes += estimate(change) - (replaced === undefined ? 0 : estimate(replaced));
    }
    this.last = number;
  }

  /** The change of a row; `undefined` if it has none. */
  find(table: Table, name: string): Change | undefined {
    return this.#tables[table].get(name);
  }

  touches(table: Table): boolean {
    return this.#tables[table].size > 0;
  }

  /** The rows below as they are with these changes, in order. */
  over(table: Table, range: Omit<Range, 'limit'>, below: Iterable<Row>): Iterable<Row> {
    return this.#tables[table].over(range, below);
  }

  /** All changes, table by table, each in the order of keys: so that neighbours on disk are written together. */
  *changes(): Iterable<Change> {
    for (const name of TABLES) yield* this.#tables[name].changes();
  }
}
