/** Messages between the nodes of a cluster, and who responds to requests on which channel. */

/** A node that responds to requests on a channel. */
export interface RespondingNode {
  /** The address of its mailbox. */
  readonly node: string;
  /** How many requests its responders accept at the same time. */
  readonly capacity: number;
}

/**
 * The nodes that share an engine. An optional part of an engine: without it, requests are answered
 * only by responders of the same node.
 */
export interface Nodes {
  /**
   * Opens a mailbox, which other nodes can send to. A gateway opens one when it starts; the owner of
   * an engine that several processes use opens one for each of them.
   *
   * @param address unique in the cluster, and never used for another mailbox: made at random. At most
   *   100 characters of `A-Z a-z 0-9 _ -`
   */
  open(address: string, listener: MailboxListener): Mailbox | Promise<Mailbox>;
}

export interface MailboxListener {
  /**
   * A message arrived. Messages of one sender arrive in the order in which they were sent, each at
   * most once.
   *
   * @param from address of the sender's mailbox
   */
  received(from: string, message: string): void;
  /**
   * The address may have been unreachable, or its offers forgotten: messages may be lost in both
   * directions. The engine has restored the offers.
   */
  interrupted?(): void;
}

/** What one node receives, and what it offers to the others. */
export interface Mailbox {
  readonly address: string;
  /**
   * Publishes how many requests this node accepts on a channel at the same time; 0: it does not
   * respond there. The offer is in force until it changes or the mailbox is closed. The offers of a
   * node that dies disappear within the lease time of the engine (15 s at most).
   *
   * While the engine cannot be reached, the mailbox keeps the offer and publishes it later; so this
   * does not reject with `EngineUnavailable`.
   */
  offer(channel: string, capacity: number): void | Promise<void>;
  /** The nodes with an offer for the channel, this one included, in any order. */
  responders(channel: string): readonly RespondingNode[] | Promise<readonly RespondingNode[]>;
  /**
   * Sends a message to one mailbox, perhaps this one. A message is lost only if its receiver has
   * gone, or with the connection to the engine.
   *
   * @param message at most 17 MiB: the largest payload, and its envelope
   * @returns `false` if the engine knows that nobody received it: the address does not exist any
   *   more. `true` is no promise that it was received
   * @throws EngineUnavailable, or rejects with it, if the engine cannot be reached
   */
  send(address: string, message: string): boolean | Promise<boolean>;
  /** Withdraws all offers and receives nothing more. */
  close(): void | Promise<void>;
}
