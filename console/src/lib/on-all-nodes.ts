/** What an action has done, and the nodes that may not know of it yet. */
export function onAllNodes(done: string, missing: readonly string[] = []): string {
  if (missing.length === 0) return `${done} on all nodes.`;
  return `${done}, but ${missing.join(', ')} did not answer, and may not know it yet. Look again in a moment.`;
}
