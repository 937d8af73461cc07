/** A message for the broker. */
export interface Produced {
  readonly body: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A message that the broker has. */
export interface Received {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}
