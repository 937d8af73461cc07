import { Damage, expectSound } from './damage.ts';
import { type FileHead, readTree, TREE_RECORD, type TreeRecord } from './heads.ts';
import { checkBig, type LeafEntry, type Page, readPage, readValue, type Source } from './page.ts';
import type { StoreFile } from './store-file.ts';

/** A tree and the result of its walk. */
interface Tree {
  readonly name: string;
  readonly kind: 'free' | 'main' | 'table';
  readonly record: TreeRecord;
  readonly found: { branches: number; leaves: number; overflows: number; entries: number };
}

/** A page that has yet to be looked at. Its keys are not below `low`, and below `high`. */
interface Todo {
  readonly tree: Tree;
  readonly page: number;
  readonly depth: number;
  readonly low: Buffer | undefined;
  readonly high: Buffer | undefined;
}

/** A sound leaf of a table. */
export interface Leaf {
  readonly table: string;
  readonly entries: readonly LeafEntry[];
}

/** Free pages are listed under transaction numbers, which LMDB keeps as the processor does. */
const compareNumbers = (a: Buffer, b: Buffer): number => {
  const [left, right] = [a.readBigUInt64LE(0), b.readBigUInt64LE(0)];
  return left < right ? -1 : Number(left > right);
};

/** Walks the pages of a file like LMDB, and checks everything that LMDB trusts. */
export class StoreWalk {
  readonly #source: Source;
  readonly #head: FileHead;
  readonly #onDamage: (damage: Damage) => void;
  #todo: Todo[] = [];
  /** What the page that is looked at leads to. */
  #next: Todo[] = [];
  #leaf: Leaf | undefined;
  readonly #trees: Tree[] = [];
  /** Per page: whether it was found in use, or on the list of free ones. */
  readonly #uses: Uint8Array;
  #damages = 0;
  #looked = 0;

  /** @param onDamage called for everything that is wrong; may throw, to end the walk */
  constructor(file: StoreFile, head: FileHead, onDamage: (damage: Damage) => void) {
    this.#source = { file, head };
    this.#head = head;
    this.#onDamage = onDamage;
    this.#uses = new Uint8Array(Math.min(head.last, Math.ceil(file.size / head.pageSize)) + 1);
  }

  /** Names of the tables that were found. */
  get tables(): string[] {
    return this.#trees.flatMap(({ name, kind }) => (kind === 'table' ? [name] : []));
  }

  /** Neither free nor known to be in use. */
  isUnknown(page: number): boolean {
    return this.#uses[page] === 0;
  }

  /** Number of entries that the file claims for the table. */
  entriesOf(table: string): number {
    return this.#trees.find(({ name, kind }) => kind === 'table' && name === table)?.record.entries ?? 0;
  }

  /**
   * Walks level by level, because the upper pages matter most.
   *
   * @param most pages to look at
   */
  across(most: number): void {
    this.#begin();
    this.#todo = this.#next;
    for (let at = 0; at < this.#todo.length; at++) {
      if (this.#looked >= most) return;
      this.#look(this.#todo[at]);
      this.#todo.push(...this.#next);
    }
    this.#finish();
  }

  /**
   * Walks over everything, table by table, in the order of keys; gives the leaves of tables. Keeps
   * no list of all pages.
   */
  *down(): Iterable<Leaf> {
    this.#begin();
    this.#todo = this.#next.reverse();
    while (this.#todo.length > 0) {
      this.#leaf = undefined;
      this.#look(this.#todo.pop());
      this.#todo.push(...this.#next.reverse());
      if (this.#leaf !== undefined) yield this.#leaf;
    }
    this.#finish();
  }

  #begin(): void {
    this.#guard(() => this.#enter('the list of free pages', 'free', this.#head.free));
    this.#guard(() => this.#enter('the list of tables', 'main', this.#head.main));
  }

  #finish(): void {
    if (this.#damages === 0) for (const tree of this.#trees) this.#guard(() => expectCounted(tree));
  }

  #look(todo: Todo | undefined): void {
    this.#next = [];
    if (todo !== undefined) this.#guard(() => this.#visit(todo));
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.#damages++;
      this.#onDamage(error);
    }
  }

  #enter(name: string, kind: Tree['kind'], record: TreeRecord): void {
    const tree = { name, kind, record, found: { branches: 0, leaves: 0, overflows: 0, entries: 0 } };
    this.#trees.push(tree);
    if (record.root === undefined) {
      expectSound(record.depth === 0 && record.entries === 0, () => `${name} has lost its root`);
    } else {
      this.#next.push({ tree, page: record.root, depth: 1, low: undefined, high: undefined });
    }
  }

  #visit(todo: Todo): void {
    const { tree, page: number, depth } = todo;
    this.#looked++;
    const page = readPage(this.#source, number);
    const isAtBottom = depth === tree.record.depth;
    expectSound((page.kind === 'leaf') === isAtBottom, () => `page ${number} is on the wrong level of ${tree.name}`);
    this.#use(number, 1);
    expectOrdered(page, todo);
    if (page.kind === 'branch') this.#visitBranch(page, todo);
    else this.#visitLeaf(page.entries, todo);
  }

  #visitBranch({ entries }: Extract<Page, { kind: 'branch' }>, { tree, depth, low, high }: Todo): void {
    tree.found.branches++;
    for (const [at, { key, child }] of entries.entries()) {
      const bounds = { low: at === 0 ? low : key, high: entries[at + 1]?.key ?? high };
      this.#next.push({ tree, page: child, depth: depth + 1, ...bounds });
    }
  }

  #visitLeaf(entries: readonly LeafEntry[], { tree, page }: Todo): void {
    tree.found.leaves++;
    tree.found.entries += entries.length;
    for (const entry of entries) this.#guard(() => this.#visitEntry(entry, tree, page));
    if (tree.kind === 'table') this.#leaf = { table: tree.name, entries };
  }

  #visitEntry(entry: LeafEntry, tree: Tree, page: number): void {
    if (entry.big !== undefined) this.#visitBig(entry.big, tree);
    expectSound(entry.isTree === (tree.kind === 'main'), () => `page ${page} has an entry of an unknown kind`);
    if (tree.kind === 'main') this.#visitTable(entry, page);
    if (tree.kind === 'free') this.#visitFree(readValue(this.#source, entry), page);
  }

  #visitBig(big: NonNullable<LeafEntry['big']>, tree: Tree): void {
    this.#looked++;
    checkBig(this.#source, big);
    tree.found.overflows += big.pages;
    for (let at = 0; at < big.pages; at++) this.#use(big.page + at, 1);
  }

  #visitTable({ key, value }: LeafEntry, page: number): void {
    expectSound(value?.length === TREE_RECORD, () => `page ${page} has a record of a table that is cut off`);
    // Names end with a zero byte, as lmdb-js writes them.
    const [name, record] = [key.toString().replace(/\0$/, ''), readTree(value)];
    this.#enter(name, 'table', record);
    expectSound(record.flags === 0, () => `the table ${JSON.stringify(name)} has flags of another kind of table`);
  }

  /** A number of page, or the length of a run, below zero, and the number of its first page; zero is nothing. */
  #visitFree(list: Buffer, page: number): void {
    const problem = () => `page ${page} lists free pages that do not exist`;
    expectSound(list.length >= 8, problem);
    const length = Number(list.readBigInt64LE(0));
    expectSound(length >= 0 && (length + 1) * 8 <= list.length, problem);
    const numberAt = (at: number) => (at <= length ? Number(list.readBigInt64LE(at * 8)) : 0);
    for (let at = 1; at <= length; at++) {
      const number = numberAt(at);
      const run = number < 0 ? -number : 1;
      const first = number < 0 ? numberAt(++at) : number;
      if (first === 0 && run === 1) continue;
      expectSound(first > 1 && first + run - 1 <= this.#head.last, problem);
      for (let free = first; free < first + run; free++) this.#use(free, 2);
    }
  }

  #use(page: number, use: 1 | 2): void {
    if (page >= this.#uses.length) {
      // The file need not reach to free pages at its end.
      expectSound(use === 2, () => `page ${page} is cut off`);
      return;
    }
    expectSound(this.#uses[page] === 0, () => `page ${page} is used twice, or used and free`);
    this.#uses[page] = use;
  }
}

function expectOrdered(page: Page, { tree, page: number, low, high }: Todo): void {
  const isNumbers = tree.kind === 'free';
  const compare = isNumbers ? compareNumbers : Buffer.compare;
  const problem = () => `page ${number} has keys that do not belong there`;
  let before = low;
  // The first key of a branch is empty and stands for all smaller keys.
  const keys = page.entries.slice(page.kind === 'branch' ? 1 : 0).map(({ key }) => key);
  for (const [at, key] of keys.entries()) {
    expectSound(!isNumbers || key.length === 8, problem);
    if (before !== undefined) {
      const order = compare(before, key);
      expectSound(at === 0 ? order <= 0 : order < 0, problem);
    }
    before = key;
  }
  expectSound(high === undefined || before === undefined || compare(before, high) < 0, problem);
}

function expectCounted({ name, record, found }: Tree): void {
  for (const what of ['entries', 'leaves', 'branches', 'overflows'] as const) {
    expectSound(
      record[what] === found[what],
      () => `${name} should have ${record[what]} ${what}, and has ${found[what]}`,
    );
  }
}
