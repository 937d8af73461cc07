import { now } from './now.ts';
import type { Cancel } from './timer.ts';

const EVENTS = ['online', 'offline', 'pageshow', 'resume', 'visibilitychange'] as const;

// Milliseconds between two checks. A check that is late by much means that the device slept, or that
// the page was frozen.
const TICK = 1000;
const LATE = 3 * TICK;

/** An event of the page, its network, or the device. */
export type Wake = (typeof EVENTS)[number] | 'clock';

/**
 * Listens to events after which a connection may be dead, or a new one may succeed: the clock jumped,
 * the network changed, the page became visible, was thawed, or was restored from the back/forward
 * cache. Without a page (Node) only the clock is checked.
 *
 * @param look called every second with `false`, and with each event
 * @returns stops listening
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
  // In the capturing phase the window also receives events of the document that do not bubble.
  for (const type of EVENTS) globalThis.addEventListener?.(type, listen, true);
  return () => {
    clearInterval(timer);
    for (const type of EVENTS) globalThis.removeEventListener?.(type, listen, true);
  };
}
