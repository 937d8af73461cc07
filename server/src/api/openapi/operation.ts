import type { Schema } from './schema.ts';

/** What the description of the API says of one route, besides its summary. */
export interface Operation {
  /** The name of the operation in generated clients. */
  readonly id: string;
  readonly tag: 'messages' | 'schedules' | 'channels' | 'users' | 'groups' | 'hooks' | 'webhooks' | 'access' | 'nodes';
  /** What the key or token must be allowed. */
  readonly needs?: string;
  readonly query?: Readonly<Record<string, Schema>>;
  /** Options of the query that must be given. */
  readonly required?: readonly string[];
  readonly headers?: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** May the body be left out? */
  readonly bodyOptional?: true;
  readonly reply: Schema;
  /** The media type of the reply. Default: JSON. */
  readonly type?: string;
  /** Default: 200. */
  readonly status?: number;
  /** Replies that have more than the error, by status. */
  readonly failures?: Readonly<Record<number, Schema>>;
}

/** By method and path: `GET /api/v1/nodes`. */
export type Operations = Readonly<Record<string, Operation>>;
