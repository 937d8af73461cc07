/** The pages of the demo. */
export type Page = 'chat' | 'desk' | 'departures';

/** Those with an address of their own. */
const PAGES: readonly Page[] = ['desk', 'departures'];

/** The parameters in the page's address. */
export interface Request {
  /** Display name, from `?as=`. */
  readonly user?: string | undefined;
  /** Room to open, from `?room=`. */
  readonly room?: string | undefined;
  /** Page to open, from `?page=`. */
  readonly page?: Page | undefined;
  /** Token to use instead of a fresh one, from `?token=`. */
  readonly token?: string | undefined;
}

/** Reads the query of the page's address. */
export function readAddress(search: string): Request {
  const query = new URLSearchParams(search);
  const read = (name: string) => query.get(name)?.trim() || undefined;
  const page = PAGES.find((each) => each === read('page'));
  return { user: read('as'), room: read('room'), page, token: read('token') };
}

/** The gateway's WebSocket on the host that served this page. */
export function socketUrl({ protocol, host }: { protocol: string; host: string }): string {
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/ws`;
}
