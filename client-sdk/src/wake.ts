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
 * @param onTick called every second
 * @returns ends the listening
 */
export function listenForWake(onWake: (what: Wake) => void, onTick: () => unknown): Cancel {
  let looked = Date.now();
  const timer = setInterval(() => {
    const before = looked;
    looked = Date.now();
    if (looked - before > LATE) onWake('clock');
    else onTick();
  }, TICK);
  const listen = ({ type }: Event) => {
    if (type !== 'visibilitychange' || !document.hidden) onWake(type as Wake);
  };
  const page = typeof addEventListener === 'function';
  // In the capturing phase the window also hears what happens to the document and does not bubble.
  if (page) for (const type of EVENTS) addEventListener(type, listen, true);
  return () => {
    clearInterval(timer);
    if (page) for (const type of EVENTS) removeEventListener(type, listen, true);
  };
}
