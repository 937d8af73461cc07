/** Milliseconds between two words. */
const PACE = 120;

/** Answers a question word by word, until it is finished or nobody waits for it. */
export async function* answerTo(
  { question }: { readonly question: string },
  signal: AbortSignal,
): AsyncGenerator<string> {
  for (const word of wordsFor(question)) {
    if (signal.aborted) return;
    yield word;
    await pause(PACE, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

function wordsFor(question: string): string[] {
  const text =
    `You asked: “${question}”. This answer comes from another window over the same WebSocket, ` +
    'one word per reply. If that window closes, you see an error at once.';
  return text.split(/(?<= )/);
}
