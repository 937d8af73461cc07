/**
 * A stream of JSON values, one per line: those that arrived together. None of them: the sender only
 * kept the connection open, with an empty line.
 */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<readonly unknown[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
    }
  } finally {
    await reader.cancel().catch(() => {}); // the stream is over, or was aborted
  }
}
