/** The page that is shown: the fragment of the address, such as `#/channels/chat:lobby`. */
class Route {
  #parts = $state.raw<readonly string[]>([]);
  #query = $state.raw(new URLSearchParams());

  constructor() {
    const read = () => {
      const [pathname = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?');
      this.#parts = pathname.split('/').filter(Boolean).map(decodeURIComponent);
      this.#query = new URLSearchParams(search);
    };
    addEventListener('hashchange', read);
    read();
  }

  /** Name of the page. */
  get page(): string {
    return this.#parts[0] ?? 'overview';
  }

  /** What the page shows, such as the name of a channel. */
  get subject(): readonly string[] {
    return this.#parts.slice(1);
  }

  get query(): URLSearchParams {
    return this.#query;
  }
}

export const route = new Route();

/** The address of a page within the console. */
export function to(
  page: string,
  subject: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): string {
  const search = new URLSearchParams(query).toString();
  return `#/${[page, ...subject].map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}
