/** Filters as clients and configurations write them. SPEC.md section 3.5. */

/** What a tag must be: this value, one of these, or what the comparisons say; all of them are required. */
export type TagTest =
  | string
  | readonly string[]
  | {
      /** The value begins with this text. */
      readonly prefix?: string;
      /** Has the message this tag? */
      readonly exists?: boolean;
      /** Greater than this: a number compares with values that are decimal numbers, a text by UTF-16 code units. */
      readonly gt?: number | string;
      readonly gte?: number | string;
      readonly lt?: number | string;
      readonly lte?: number | string;
    };

/** Conditions on messages, all of them required. */
export interface Filter {
  /** The message's event is one of these. */
  readonly event?: string | readonly string[];
  /** The publisher is one of these users. */
  readonly from?: string | readonly string[];
  /** The channel that the message was published to matches one of these patterns (`orders:*:created`). */
  readonly channel?: string | readonly string[];
  readonly tags?: { readonly [name: string]: TagTest };
}

/** A bound of a range. */
export interface Bound<T> {
  readonly value: T;
  readonly inclusive: boolean;
}

/** The values between two bounds; a bound that is absent does not limit. */
export interface Range<T> {
  readonly over?: Bound<T>;
  readonly under?: Bound<T>;
}

/**
 * The conditions on one tag in canonical form. Without any further field the tag must only exist.
 * `values` stands alone: values that the other conditions exclude have been removed from it.
 */
export interface TagConditions {
  /** The message must not have the tag. */
  readonly absent?: true;
  readonly values?: ReadonlySet<string>;
  readonly prefix?: string;
  readonly numbers?: Range<number>;
  readonly texts?: Range<string>;
}

/** A filter in canonical form: each meaning is written in one way. Absent: no condition. */
export interface Conditions {
  /** No message matches. */
  readonly never?: true;
  readonly event?: ReadonlySet<string>;
  readonly from?: ReadonlySet<string>;
  /** Patterns, none of which covers another, with their segments. */
  readonly channel?: ReadonlyMap<string, readonly string[]>;
  /** By name, sorted. */
  readonly tags: ReadonlyMap<string, TagConditions>;
}
