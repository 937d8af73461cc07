import { type Cancel, nothing } from './timer.ts';

const EVENTS = ['online', 'offline', 'pageshow', 'visibilitychange'] as const;

/** What happened to the page or its network. */
export type Wake = (typeof EVENTS)[number];

/**
 * Listens to the signs that a connection may have died unnoticed, or that a new one may succeed now: the network came
 * or went, the page became visible or was taken out of the back/forward cache. Without a page (Node) it does nothing.
 *
 * @returns removes the listeners
 */
export function listenForWake(onWake: (what: Wake) => void): Cancel {
  if (typeof addEventListener !== 'function') return nothing;
  const listen = ({ type }: Event) => {
    // It bubbles from the document to the window.
    if (type !== 'visibilitychange' || document.visibilityState === 'visible') onWake(type as Wake);
  };
  for (const type of EVENTS) addEventListener(type, listen);
  return () => {
    for (const type of EVENTS) removeEventListener(type, listen);
  };
}
