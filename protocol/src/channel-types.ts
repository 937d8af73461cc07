/**
 * Patterns over channel names for the compiler: the counterpart of `patterns.ts` at run time.
 * SPEC.md section 3.2.
 *
 * A part of a name that is only known at run time (`chat:${room}`) counts as one segment, and is
 * matched by a param, not by a literal.
 */

/** `{room}` and `*` match one segment. */
type IsParam<Segment extends string> = Segment extends `{${string}}` | '*' ? true : false;

type ParamName<Segment extends string> = Segment extends `{${infer Name}}` ? Name : never;

type ParamNames<Pattern extends string> = Pattern extends `${infer Head}:${infer Rest}`
  ? ParamName<Head> | ParamNames<Rest>
  : ParamName<Pattern>;

/**
 * The params of a pattern: `ChannelParams<'chat:{room}'>` is `{ readonly room: string }`.
 */
export type ChannelParams<Pattern extends string> = { readonly [Name in ParamNames<Pattern>]: string };

type SegmentText<Segment extends string> = Segment extends '**'
  ? string
  : IsParam<Segment> extends true
    ? string
    : Segment;

/** The names that a pattern matches, as far as template literals can express it: `chat:${string}`. */
export type NamesOf<Pattern extends string> = Pattern extends `${infer Head}:${infer Rest}`
  ? `${SegmentText<Head>}:${NamesOf<Rest>}`
  : SegmentText<Pattern>;

/** Is this segment not fully known at compile time? Then an object may lack it as its key. */
type IsDynamic<Segment extends string> = Record<never, never> extends Record<Segment, 1> ? true : false;

/** A pattern during matching: its unmatched rest, and the whole pattern. */
type Candidate = readonly [rest: string, source: string];

type AfterLiteral<Of extends Candidate, Segment extends string> =
  IsDynamic<Segment> extends true
    ? never
    : Of extends readonly [`${infer Head}:${infer Rest}`, infer Source extends string]
      ? Head extends Segment
        ? readonly [Rest, Source]
        : never
      : never;

type AfterParam<Of extends Candidate> = Of extends readonly [`${infer Head}:${infer Rest}`, infer Source extends string]
  ? IsParam<Head> extends true
    ? readonly [Rest, Source]
    : never
  : never;

type LastLiteral<Of extends Candidate, Segment extends string> =
  IsDynamic<Segment> extends true ? never : Of extends readonly [Segment, infer Source] ? Source : never;

type LastParam<Of extends Candidate> = Of extends readonly [infer Last extends string, infer Source]
  ? Last extends `${string}:${string}`
    ? never
    : IsParam<Last> extends true
      ? Source
      : never
  : never;

type Rest<Of extends Candidate> = Of extends readonly ['**', infer Source] ? Source : never;

/** The first that is not `never`. */
type Or<First, Second> = [First] extends [never] ? Second : First;

/**
 * Segment by segment from the left, a literal is tried before a param, and a param before `**`: the
 * first match is the most specific.
 */
type Find<Of extends Candidate, Name extends string> = [Of] extends [never]
  ? never
  : Name extends ''
    ? never
    : Name extends `${infer Head}:${infer Tail}`
      ? Head extends ''
        ? never
        : Or<Find<AfterLiteral<Of, Head>, Tail>, Or<Find<AfterParam<Of>, Tail>, Rest<Of>>>
      : Or<LastLiteral<Of, Name>, Or<LastParam<Of>, Rest<Of>>>;

type Candidates<Patterns extends string> = Patterns extends string ? readonly [Patterns, Patterns] : never;

/** The pattern that governs a channel: the most specific match; `never` if none matches. */
export type PatternFor<Patterns extends string, Name extends string> = Name extends string
  ? Find<Candidates<Patterns>, Name>
  : never;
