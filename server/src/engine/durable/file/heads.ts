import { Damage, expectSound } from './damage.ts';
import type { StoreFile } from './store-file.ts';

/** Bytes of a page before its content. */
export const PAGE_HEAD = 24;
/** The root of a tree without pages. */
export const NO_ROOT = 2n ** 64n - 1n;

const MAGIC = 0xbeefc0de;
const VERSION = 2;
/** The flags that say how to read a tree; the others apply to the whole file. */
const TREE_FLAGS = 0xff;
/** Of the list of free pages: its keys are numbers. */
const NUMBER_KEYS = 0x08;
/** Of a page that is a head. */
const P_META = 0x08;
const SMALLEST_PAGE = 512;
const LARGEST_PAGE = 65_536;
/** More than any machine maps. */
const LARGEST_MAP = 2n ** 46n;

/** Offsets of a head's parts from the start of its page. */
const AT = { flags: 18, magic: 24, version: 28, mapSize: 40, free: 48, main: 96, last: 144, transaction: 152 } as const;
/** Bytes of a head that mean something. */
const HEAD = 168;

/** A tree of the file, as its record describes it. */
export interface TreeRecord {
  /** Bits that define how keys are compared and values stored. */
  readonly flags: number;
  readonly depth: number;
  readonly branches: number;
  readonly leaves: number;
  readonly overflows: number;
  readonly entries: number;
  /** The page of its root; `undefined` where it is empty. */
  readonly root: number | undefined;
}

/** Bytes of a tree's record. */
export const TREE_RECORD = 48;

export function readTree(bytes: Buffer, at = 0): TreeRecord {
  const number = (offset: number) => Number(bytes.readBigUInt64LE(at + offset));
  const root = bytes.readBigUInt64LE(at + 40);
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    branches: number(8),
    leaves: number(16),
    overflows: number(24),
    entries: number(32),
    root: root === NO_ROOT ? undefined : Number(root),
  };
}

/**
 * One of the first two pages. Each describes a complete state of the file; the one with the later
 * transaction is valid.
 */
export interface FileHead {
  /** 0 or 1: the page it is on. */
  readonly index: number;
  readonly pageSize: number;
  /** Number of the last page that was ever used. */
  readonly last: number;
  readonly transaction: bigint;
  readonly free: TreeRecord;
  readonly main: TreeRecord;
}

/** Both heads of a file: of a whole one, both are `FileHead`. */
export interface FileHeads {
  readonly all: readonly (FileHead | Damage)[];
  /** The sound one of the latest transaction. */
  readonly newest: FileHead | undefined;
}

/** Reads the heads. */
export function readHeads(file: StoreFile): FileHeads {
  const first = tryHead(file, 0, undefined);
  const sizes = first instanceof Damage ? possibleSizes() : [first.pageSize];
  const second = sizes.map((size) => tryHead(file, 1, size));
  const all = [
    first,
    second.find((head) => !(head instanceof Damage)) ?? second[0] ?? new Damage('has no second page'),
  ];
  return { all, newest: newestOf(all) };
}

function newestOf(all: readonly (FileHead | Damage)[]): FileHead | undefined {
  let newest: FileHead | undefined;
  for (const head of all) {
    if (!(head instanceof Damage) && (newest === undefined || head.transaction > newest.transaction)) newest = head;
  }
  return newest;
}

function possibleSizes(): number[] {
  const sizes = [];
  for (let size = 4096; size <= LARGEST_PAGE; size *= 2) sizes.push(size);
  return sizes;
}

function tryHead(file: StoreFile, index: number, pageSize: number | undefined): FileHead | Damage {
  try {
    return readHead(file.read(index * (pageSize ?? 0), HEAD), { index, pageSize });
  } catch (error) {
    if (error instanceof Damage) return error;
    throw error;
  }
}

function readHead(bytes: Buffer, { index, pageSize }: { index: number; pageSize: number | undefined }): FileHead {
  const problem = (what: string) => () => `page ${index} ${what}`;
  expectSound(bytes.length === HEAD, problem('is cut off'));
  expectSound(bytes.readUInt32LE(AT.magic) === MAGIC, problem('is not the head of an LMDB file'));
  expectSound(bytes.readBigUInt64LE(0) === BigInt(index), problem('has another number'));
  expectSound(bytes.readUInt16LE(AT.flags) === P_META, problem('is not marked as a head'));
  const version = bytes.readUInt32LE(AT.version);
  expectSound(version === VERSION, problem(`is of version ${version} of LMDB's format instead of ${VERSION}`));
  const size = bytes.readUInt32LE(AT.free);
  const isSize = size >= SMALLEST_PAGE && size <= LARGEST_PAGE && (size & (size - 1)) === 0;
  expectSound(isSize && (pageSize === undefined || size === pageSize), problem(`has pages of ${size} bytes`));
  const mapSize = bytes.readBigUInt64LE(AT.mapSize);
  expectSound(mapSize <= LARGEST_MAP, problem('wants more memory than there is'));
  const head = {
    index,
    pageSize: size,
    last: Number(bytes.readBigUInt64LE(AT.last)),
    transaction: bytes.readBigUInt64LE(AT.transaction),
    free: readTree(bytes, AT.free),
    main: readTree(bytes, AT.main),
  };
  const isMapped = head.last >= 1 && (head.last + 1) * size <= mapSize;
  expectSound(isMapped, problem(`names page ${head.last} as the last one`));
  const isKnown = (head.free.flags & TREE_FLAGS) === NUMBER_KEYS && (head.main.flags & TREE_FLAGS) === 0;
  expectSound(isKnown, problem('has unknown flags'));
  for (const { root } of [head.free, head.main]) {
    expectSound(root === undefined || (root > 1 && root <= head.last), problem(`names page ${root} as a root`));
  }
  const isOwn = head.transaction === 0n || (head.transaction & 1n) === BigInt(index);
  expectSound(isOwn, problem(`is of transaction ${head.transaction}, which belongs on the other page`));
  return head;
}

/** Whether the heads belong to two consecutive transactions, as in every complete file. */
export function isPair(a: FileHead, b: FileHead): boolean {
  const apart = a.transaction > b.transaction ? a.transaction - b.transaction : b.transaction - a.transaction;
  return apart === 1n || (apart === 0n && a.transaction === 0n);
}

/** The replacement for a damaged head: a copy of the valid one with the previous transaction number. */
export function replacementOf(file: StoreFile, sound: FileHead): Buffer {
  const page = Buffer.alloc(sound.pageSize);
  file.read(sound.index * sound.pageSize, HEAD).copy(page);
  page.writeBigUInt64LE(BigInt(1 - sound.index), 0);
  page.writeBigUInt64LE(sound.transaction === 0n ? 0n : sound.transaction - 1n, AT.transaction);
  return page;
}
