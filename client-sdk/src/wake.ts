import { now } from './now.ts';
import type { Cancel } from './timer.ts';

const EVENTS = ['online', 'offline', 'pageshow', 'resume', 'visibilitychange'] as const;

// How often the clock is looked at. A look that comes much later than asked for means that the machine slept, or that
// the page was frozen.
const TICK = 1000;
const LATE = 3 * TICK;

/** What happened to the page, its network, or the machine. */
export type Wake = (typeof EVENTS)[number] | 'clock';

/**
 * Listens to the signs that a connection may have died unnoticed, or that a new one may succeed now: the clock jumped, the
 * network came or went, the page became visible, was thawed, or was taken out of the back/forward cache. Without a page
 * (Node) only the clock tells.
 *
 * @param look called every second, and with the sign when there is one
 * @returns ends the listening
 */
export function listenForWake(look: (what: Wake | false) => void): Cancel {
  let looked = now();
  const timer = setInterval(() => {
    const before = looked;
    looked = now();
    look(looked - before > LATE && 'clock');
  }, TICK);
  const listen = ({ type }: Event) => {
    if (type !== 'visibilitychange' || !document.hidden) look(type as Wake);
  };
  // In the capturing phase the window also hears what happens to the document and does not bubble.
  for (const type of EVENTS) globalThis.addEventListener?.(type, listen, true);
  return () => {
    clearInterval(timer);
    for (const type of EVENTS) globalThis.removeEventListener?.(type, listen, true);
  };
}
