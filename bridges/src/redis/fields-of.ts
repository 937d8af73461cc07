/** Names and values in turn, as Redis answers. */
export function fieldsOf(reply: unknown): ReadonlyMap<unknown, unknown> {
  const list = reply as readonly unknown[];
  const fields = new Map<unknown, unknown>();
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(list[at], list[at + 1]);
  return fields;
}
