/**
 * Messages between a tab and the tab gateway. The tab gateway holds the connections, in a
 * SharedWorker or in one of the tabs. Frames of the Sluice protocol travel as JSON text, regardless
 * of the tab's codec.
 */

/**
 * Part of every name that tabs share. Tabs with another version, loaded after a deployment, do not
 * mix with these.
 */
export const NAME = 'sluice-tabs-2';

/** Messages of a tab. `socket` numbers the tab's virtual sockets. */
export type ToTabGateway =
  /**
   * `call` counts the tab's searches for a tab gateway. `locked`: the tab holds a Web Lock while it
   * is alive.
   */
  | { readonly type: 'hello'; readonly tab: string; readonly call: number; readonly locked: boolean }
  | { readonly type: 'open'; readonly socket: number; readonly url: string; readonly timeout: number }
  | { readonly type: 'frame'; readonly socket: number; readonly text: string }
  /** Characters of frames that were read. A frozen tab does not acknowledge and receives no more frames. */
  | { readonly type: 'taken'; readonly socket: number; readonly size: number }
  | { readonly type: 'close'; readonly socket: number }
  | { readonly type: 'ping' }
  /** The page is shown again: the connection may have died in the meantime. */
  | { readonly type: 'wake' }
  | { readonly type: 'bye' };

/** Messages of the tab gateway. */
export type ToTab =
  /** `lock` is the name of a Web Lock that the tab gateway holds while it is alive. */
  | { readonly type: 'welcome'; readonly tabGateway: string; readonly lock?: string }
  | { readonly type: 'frame'; readonly socket: number; readonly text: string }
  | { readonly type: 'closed'; readonly socket: number; readonly code: number; readonly reason: string }
  | { readonly type: 'pong' }
  | { readonly type: 'gone' };

/** One end of a connection between a tab and the tab gateway. */
export interface Port<In, Out> {
  post(message: Out): void;
  /** Sets the handler for messages from the other end. It replaces the previous handler. */
  listen(handler: (message: In) => void): void;
  close(): void;
}

/** The name of the Web Lock that a tab holds while it is alive. */
export function tabLock(tab: string): string {
  return `${NAME}:tab:${tab}`;
}

/** 128 random bits as text, to name a tab or a tab gateway. */
export function randomName(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}
