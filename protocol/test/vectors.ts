import { readFileSync } from 'node:fs';
import type { GapReason } from '@sluice/protocol';

/** A frame in both codecs, and its value. */
export interface FrameVector {
  readonly name: string;
  readonly json: string;
  /** Hexadecimal. */
  readonly msgpack: string;
  readonly value: unknown;
}

export interface CommandVector extends FrameVector {
  readonly valid: boolean;
  readonly error?: string;
  readonly id?: number;
}

export interface MalformedVector {
  readonly name: string;
  readonly subprotocol: string;
  readonly text?: string;
  /** Hexadecimal. */
  readonly binary?: string;
}

/** The behaviour of a client at a position when it receives pushes. */
export interface CursorCase {
  readonly name: string;
  readonly position: { readonly epoch: string; readonly offset: number };
  readonly pushes: readonly (
    | {
        readonly type: 'messages';
        readonly epoch: string;
        readonly after?: number;
        readonly offsets: readonly number[];
      }
    | { readonly type: 'progress'; readonly epoch: string; readonly after: number; readonly offset: number }
    | {
        readonly type: 'gap';
        readonly to: { readonly epoch: string; readonly offset: number };
        readonly reason: GapReason;
      }
  )[];
  readonly handed: readonly (number | 'gap')[];
  readonly then: { readonly epoch: string; readonly offset: number };
  /** The last push breaks the protocol. */
  readonly violation?: true;
}

export type Step =
  | { readonly send: unknown }
  /** Number of messages that a backend publishes. */
  | { readonly publish: number }
  | { readonly receive: readonly unknown[] }
  /** Close code. */
  | { readonly closed: number };

/** The input of a client, and the answers of every gateway. */
export interface Conversation {
  readonly name: string;
  /** Section of SPEC.md. */
  readonly section: string;
  readonly connected?: false;
  /** A feature that some gateways do not have yet. */
  readonly feature?: 'sub' | 'filter' | 'groups' | 'requests' | 'if' | 'schedules' | 'bindings';
  readonly steps: readonly Step[];
}

interface Files {
  'conversations.json': { readonly conversations: readonly Conversation[] };
  'commands.json': { readonly frames: readonly CommandVector[] };
  'replies.json': { readonly frames: readonly FrameVector[] };
  'pushes.json': { readonly frames: readonly FrameVector[] };
  'malformed.json': { readonly frames: readonly MalformedVector[] };
  'channel-names.json': { readonly names: readonly { readonly name: string; readonly valid: boolean }[] };
  'segments.json': {
    readonly segments: readonly { readonly text: string; readonly segment: string }[];
    /** Texts that are not a segment of any text. */
    readonly none: readonly string[];
  };
  'patterns.json': {
    readonly patterns: readonly { readonly pattern: string; readonly valid: boolean }[];
    readonly matches: readonly {
      readonly pattern: string;
      readonly channel: string;
      readonly params: Readonly<Record<string, string>> | null;
    }[];
    readonly order: readonly string[];
    readonly ties: readonly (readonly [string, string])[];
  };
  'cursor-rules.json': { readonly cases: readonly CursorCase[] };
  'close-codes.json': {
    readonly codes: readonly { readonly code: number; readonly then: string }[];
    readonly reasons: readonly { readonly reason: string; readonly name: string }[];
  };
}

/** Reads a file of `protocol/vectors`. */
export function vectors<Name extends keyof Files>(name: Name): Files[Name] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')) as Files[Name];
}
