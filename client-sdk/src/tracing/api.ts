/** Options of traces. */
export interface TracingOptions {
  /**
   * The pattern of the channel's rule, such as `chat:{room}`: it names the spans, so that those of all
   * channels of the rule count as one operation. Default: the channel's name.
   */
  readonly template?: string;
}

/** What is read of a message. */
export interface TracedMessage {
  readonly id: string;
  readonly channel: string;
  readonly trace?: string;
}
