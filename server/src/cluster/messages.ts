/** Messages between nodes that ask each other: JSON arrays that begin with their kind. */

import type { Json } from '@sluice/protocol';

export type NodeMessage =
  /** `id` is the asking node's number of the question. */
  | ['ask', id: number, method: string, parameters: Json]
  | ['answer', id: number, node: string, answer: Json]
  /** The node could not answer; its log has the reason. */
  | ['failed', id: number, node: string];
