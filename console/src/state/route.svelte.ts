/** The page that is shown: the fragment of the address, such as `#/channels/chat:lobby`. */
class Route {
  #parts = $state.raw<readonly string[]>([]);
  #query = $state.raw(new URLSearchParams());

  constructor() {
    const read = () => {
      const [pathname = '', search = ''] = location.hash.replace(/^#\/?/, '').split('?');
      this.#parts = pathname.split('/').filter(Boolean).map(decode);
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

/** An address that somebody has typed may have a lone `%`. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
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
