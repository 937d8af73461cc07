/** The entries of several sorted lists without repeats, each once, in their order. */
export function* mergeSorted(lists: readonly Iterable<string>[]): Generator<string, void> {
  const heads = lists.map((list) => {
    const rest = list[Symbol.iterator]();
    return { rest, next: rest.next() };
  });
  for (;;) {
    let least: string | undefined;
    for (const { next } of heads) {
      if (next.done !== true && (least === undefined || next.value < least)) least = next.value;
    }
    if (least === undefined) return;
    for (const head of heads) {
      if (head.next.done !== true && head.next.value === least) head.next = head.rest.next();
    }
    yield least;
  }
}
