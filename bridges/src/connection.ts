import type { Clock, Timer } from '@sluice/server/bridging';

/** Milliseconds for which a connection may take to open; most clients give up earlier. */
const OPEN = 30_000;
/** Milliseconds for which it may take to close: its client gives up earlier, if it can. */
const CLOSE = 10_000;

/** When a connection is given up, or closed. */
export interface ClosingOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Opens a connection, or gives up: after a while, and when the signal aborts. One that opens later is closed. */
export async function openInTime<T extends { close(): Promise<void> }>(
  { clock, signal }: ClosingOptions,
  open: () => Promise<T>,
): Promise<T> {
  let isLate = false;
  let timer: Timer | undefined;
  let stop = () => {};
  const opening = open();
  const late = new Promise<never>((_, reject) => {
    const giveUp = (reason: string) => {
      isLate = true;
      reject(new Error(reason));
    };
    timer = clock.after(OPEN, () => giveUp(`the broker did not answer within ${OPEN / 1_000} s`));
    stop = () => giveUp('the bridge stops');
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  opening.then(
    (opened) => (isLate ? opened.close() : undefined),
    () => {}, // reported by the race, or too late to matter
  );
  try {
    return await Promise.race([opening, late]);
  } finally {
    timer?.cancel();
    signal.removeEventListener('abort', stop);
  }
}

/**
 * Runs `use` with something that is connected, and closes it: afterwards, and as soon as the signal
 * aborts. A close that does not end in time is given up: its client may wait for a broker that is gone.
 */
export async function closing(
  open: { close(): Promise<void> },
  { clock, signal }: ClosingOptions,
  use: () => Promise<void>,
): Promise<void> {
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= closeInTime(clock, open);
  };
  if (signal.aborted) close();
  signal.addEventListener('abort', close);
  try {
    await use();
  } finally {
    signal.removeEventListener('abort', close);
    close();
    await closed;
  }
}

function closeInTime(clock: Clock, open: { close(): Promise<void> }): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(CLOSE, resolve);
    open
      .close()
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}

/** Characters of a failure that are shown. */
const LONGEST = 2_000;

/** What a client of a broker says about a failure, without the credentials of a URL. */
export function failureOf(error: unknown): string {
  const { code, message = String(error) } = (error ?? {}) as { code?: unknown; message?: string };
  const text = message === '' && typeof code === 'string' ? code : message;
  // A password may contain an "@" or a "/" that was not escaped: everything up to the last "@" goes.
  return text.replaceAll(/\/\/\S*@/g, '//').slice(0, LONGEST);
}
