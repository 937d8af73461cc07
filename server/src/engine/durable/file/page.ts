import { expectSound } from './damage.ts';
import { type FileHead, PAGE_HEAD } from './heads.ts';
import type { StoreFile } from './store-file.ts';

const P_BRANCH = 0x01;
const P_LEAF = 0x02;
const P_OVERFLOW = 0x04;
/** Bits for the type of a page; the others are used by LMDB in memory. */
const KINDS = 0x1fff;
/** Bytes of an entry before its key. */
const NODE_HEAD = 8;
/** The value is on overflow pages; the entry holds their location. */
const BIG = 0x01;
/** The value is the record of another tree. */
const TREE = 0x02;
/** Bytes of an overflow location. */
const PLACE = 24;

export interface Entry {
  readonly key: Buffer;
}

export interface BranchEntry extends Entry {
  readonly child: number;
}

export interface LeafEntry extends Entry {
  /** `undefined` if the value is on overflow pages. */
  readonly value: Buffer | undefined;
  readonly big: { readonly page: number; readonly pages: number; readonly size: number } | undefined;
  readonly isTree: boolean;
}

export type Page =
  | { readonly kind: 'branch'; readonly entries: readonly BranchEntry[] }
  | { readonly kind: 'leaf'; readonly entries: readonly LeafEntry[] };

/** What a page is read by. */
export interface Source {
  readonly file: StoreFile;
  readonly head: Pick<FileHead, 'pageSize' | 'last' | 'transaction'>;
}

/**
 * Reads a page of a tree.
 *
 * @throws Damage if the page is invalid
 */
export function readPage({ file, head }: Source, number: number): Page {
  const { pageSize } = head;
  expectSound(number > 1 && number <= head.last, () => `page ${number} lies outside of the file's pages`);
  const bytes = file.read(number * pageSize, pageSize);
  expectSound(bytes.length === pageSize, () => `page ${number} is cut off`);
  return parsePage(bytes, number, head);
}

function parsePage(bytes: Buffer, number: number, head: Source['head']): Page {
  const problem = (what: string) => () => `page ${number} ${what}`;
  expectSound(bytes.readBigUInt64LE(0) === BigInt(number), problem('holds something else: it has another number'));
  expectSound(bytes.readBigUInt64LE(8) <= head.transaction, problem('is of a transaction that was never finished'));
  const kind = bytes.readUInt16LE(18) & KINDS;
  expectSound(kind === P_BRANCH || kind === P_LEAF, problem(`is of an unknown kind (${kind})`));
  const lower = bytes.readUInt16LE(20);
  const upper = bytes.readUInt16LE(22);
  const space = bytes.length - PAGE_HEAD;
  expectSound(lower % 2 === 0 && lower > 0 && lower <= upper && upper <= space, problem('has impossible bounds'));
  const nodes = readNodes(bytes, { lower, upper }, problem);
  if (kind === P_LEAF) return { kind: 'leaf', entries: nodes.map((node) => toLeaf(node, head, problem)) };
  expectSound(nodes.length > 1, problem('has a single branch'));
  return { kind: 'branch', entries: nodes.map((node) => toBranch(node, head, problem)) };
}

interface Node {
  readonly key: Buffer;
  /** All bytes after the key up to the end of the page; they begin with the value. */
  readonly rest: Buffer;
  readonly low: number;
  readonly high: number;
  readonly flags: number;
}

type Problem = (what: string) => () => string;

function readNodes(bytes: Buffer, bounds: { lower: number; upper: number }, problem: Problem): Node[] {
  const nodes: Node[] = [];
  for (let slot = 0; slot < bounds.lower; slot += 2) {
    const at = bytes.readUInt16LE(PAGE_HEAD + slot);
    const from = PAGE_HEAD + at;
    const fits = at >= bounds.upper && at % 2 === 0 && from + NODE_HEAD <= bytes.length;
    expectSound(fits, problem('has an entry outside of its bounds'));
    const keyEnd = from + NODE_HEAD + bytes.readUInt16LE(from + 6);
    expectSound(keyEnd <= bytes.length, problem('has a key that is cut off'));
    nodes.push({
      key: bytes.subarray(from + NODE_HEAD, keyEnd),
      rest: bytes.subarray(keyEnd),
      low: bytes.readUInt16LE(from),
      high: bytes.readUInt16LE(from + 2),
      flags: bytes.readUInt16LE(from + 4),
    });
  }
  return nodes;
}

function toBranch({ key, low, high, flags }: Node, { last }: Source['head'], problem: Problem): BranchEntry {
  const child = low + high * 2 ** 16 + flags * 2 ** 32;
  expectSound(child > 1 && child <= last, problem(`leads to page ${child}, which does not exist`));
  return { key, child };
}

function toLeaf({ key, rest, low, high, flags }: Node, head: Source['head'], problem: Problem): LeafEntry {
  expectSound(flags === 0 || flags === BIG || flags === TREE, problem('has an entry of an unknown kind'));
  expectSound(key.length > 0, problem('has an entry without a key'));
  const size = low + high * 2 ** 16;
  const here = flags === BIG ? PLACE : size;
  expectSound(here <= rest.length, problem('has a value that is cut off'));
  if (flags !== BIG) return { key, value: rest.subarray(0, size), big: undefined, isTree: flags === TREE };
  const page = Number(rest.readBigUInt64LE(0));
  const pages = Number(rest.readBigUInt64LE(16));
  const needed = Math.ceil((PAGE_HEAD + size) / head.pageSize);
  const isThere = page > 1 && pages === needed && page + pages - 1 <= head.last;
  expectSound(isThere, problem('has a large value that lies outside of the file'));
  return { key, value: undefined, big: { page, pages, size }, isTree: false };
}

/**
 * Reads a value, which may be on overflow pages.
 *
 * @throws Damage if these pages are invalid
 */
export function readValue({ file, head }: Source, { value, big }: LeafEntry): Buffer {
  if (big === undefined) return value ?? Buffer.alloc(0);
  checkBig({ file, head }, big);
  const bytes = file.read(big.page * head.pageSize + PAGE_HEAD, big.size);
  expectSound(bytes.length === big.size, () => `page ${big.page} is cut off`);
  return bytes;
}

/** Checks the head of a large value's pages. */
export function checkBig({ file, head }: Source, big: NonNullable<LeafEntry['big']>): void {
  const problem = (what: string) => () => `page ${big.page} ${what}`;
  const bytes = file.read(big.page * head.pageSize, PAGE_HEAD);
  expectSound(bytes.length === PAGE_HEAD, problem('is cut off'));
  expectSound((big.page + big.pages) * head.pageSize <= file.size, problem('is cut off'));
  expectSound(bytes.readBigUInt64LE(0) === BigInt(big.page), problem('holds something else: it has another number'));
  const isBig = (bytes.readUInt16LE(18) & KINDS) === P_OVERFLOW && bytes.readUInt32LE(20) === big.pages;
  expectSound(isBig, problem('does not hold the large value that it should'));
}
