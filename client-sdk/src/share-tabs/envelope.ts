/**
 * What a tab and the tab gateway say to each other. The tab gateway is the one place that holds the connections: a SharedWorker, or one
 * of the tabs. Frames of the Sluice protocol travel as JSON text, whatever codec the tab has chosen for itself.
 */

/** Part of every name that tabs share: those of another version, loaded after a deployment, keep to themselves. */
export const NAME = 'sluice-tabs-2';

/** What a tab says. `socket` numbers the tab's virtual sockets. */
export type ToTabGateway =
  /** `call` counts how often the tab has looked for a tab gateway. `locked`: it holds a Web Lock as long as it lives. */
  | { readonly type: 'hello'; readonly tab: string; readonly call: number; readonly locked: boolean }
  | { readonly type: 'open'; readonly socket: number; readonly url: string; readonly timeout: number }
  | { readonly type: 'frame'; readonly socket: number; readonly text: string }
  /** So many characters of frames have been read: a tab that is frozen says nothing, and is sent no more. */
  | { readonly type: 'taken'; readonly socket: number; readonly size: number }
  | { readonly type: 'close'; readonly socket: number }
  | { readonly type: 'ping' }
  /** The page is shown again: the connection may have died meanwhile. */
  | { readonly type: 'wake' }
  | { readonly type: 'bye' };

/** What the tab gateway says. */
export type ToTab =
  /** `lock` is the name of a Web Lock that the tab gateway holds as long as it lives. */
  | { readonly type: 'welcome'; readonly tabGateway: string; readonly lock?: string }
  | { readonly type: 'frame'; readonly socket: number; readonly text: string }
  | { readonly type: 'closed'; readonly socket: number; readonly code: number; readonly reason: string }
  | { readonly type: 'pong' }
  | { readonly type: 'gone' };

/** One end of a line between a tab and the tab gateway. */
export interface Port<In, Out> {
  post(message: Out): void;
  /** Called for each message from the other end; the last listener counts. */
  listen(hear: (message: In) => void): void;
  close(): void;
}

/** The name of the Web Lock that a tab holds as long as it lives. */
export function tabLock(tab: string): string {
  return `${NAME}:tab:${tab}`;
}

/** 128 random bits as text: a name for a tab or a tab gateway. */
export function randomName(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}
