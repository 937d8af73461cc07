import type { AppPlace } from './app-place.ts';

interface Placed {
  readonly name: string;
  readonly at: AppPlace;
}

/** Where a request goes: to an app, or to the default one. */
export interface Destination {
  /** `undefined`: the default app. */
  readonly app: string | undefined;
  /** The path as the app sees it. */
  readonly path: string;
  /** The path of the app; empty if it has none. */
  readonly base: string;
}

/** Finds the app of a path and a host. */
export class AppDirectory {
  readonly #byPath = new Map<string, string>();
  readonly #byHost = new Map<string, string>();
  /** Segments of the longest path. */
  readonly #depth: number;

  constructor(apps: readonly Placed[]) {
    for (const { name, at } of apps) {
      if ('path' in at) this.#byPath.set(at.path, name);
      else this.#byHost.set(at.host, name);
    }
    this.#depth = Math.max(0, ...[...this.#byPath.keys()].map((path) => path.split('/').length - 1));
  }

  /**
   * A path comes first: it is the same app under every host. No path of an app contains another.
   *
   * @param hosts as in headers, with or without a port
   */
  find(path: string, hosts: readonly string[]): Destination {
    let end = 0;
    for (let depth = 0; depth < this.#depth && end < path.length; depth++) {
      const next = path.indexOf('/', end + 1);
      end = next === -1 ? path.length : next;
      const app = this.#byPath.get(path.slice(0, end));
      if (app !== undefined) return { app, path: path.slice(end) || '/', base: path.slice(0, end) };
    }
    const app = hosts.map((host) => this.#byHost.get(nameOf(host))).find((found) => found !== undefined);
    return { app, path, base: '' };
  }
}

/** Without the port and the dot of a complete name, in lower case. */
const nameOf = (host: string): string => host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
