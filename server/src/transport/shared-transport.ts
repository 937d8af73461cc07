import { AppConnection } from './app-connection.ts';
import { AppDirectory } from './app-directory.ts';
import type { AppPlace } from './app-place.ts';
import type { Acceptor, Admission, Fanout, Handshake } from './connection.ts';
import { forwardedHosts } from './forwarded-host.ts';
import type { HttpSide, RequestHead } from './http.ts';
import type { Transport } from './transport.ts';

/** An app at the transport. */
export interface SharedApp {
  readonly name: string;
  readonly at: AppPlace;
}

interface Sides {
  readonly acceptor: Acceptor;
  readonly side: HttpSide;
}

interface Found {
  /** `undefined`: the default app. */
  readonly app: AppTransport | undefined;
  /** The path as the app sees it. */
  readonly path: string;
  /** The path of the app; empty if it has none. */
  readonly base: string;
}

/** What a handshake hands to the connection that it becomes. */
interface Choice {
  readonly app: AppTransport | undefined;
  readonly choice: object | undefined;
}

/**
 * One transport for several apps: for the default app it is the transport itself, each other one
 * gets a part of it (`app`). The app is chosen once, at the handshake or by the head of a request.
 */
export class SharedTransport implements Transport {
  readonly batchLimit: number;
  readonly #transport: Transport;
  readonly #directory: AppDirectory;
  readonly #apps: ReadonlyMap<string, AppTransport>;
  readonly #trustProxy: boolean;

  /** @param options.trustProxy does a proxy name the host that it was asked for? */
  constructor(transport: Transport, apps: readonly SharedApp[], { trustProxy }: { readonly trustProxy: boolean }) {
    this.#transport = transport;
    this.batchLimit = transport.batchLimit;
    this.#directory = new AppDirectory(apps);
    this.#apps = new Map(apps.map(({ name, at }) => [name, new AppTransport(transport, name, at)]));
    this.#trustProxy = trustProxy;
  }

  /** The part of an app. @throws Error if the app is unknown */
  app(name: string): Transport {
    const app = this.#apps.get(name);
    if (app === undefined) throw new Error(`the transport has no app "${name}"`);
    return app;
  }

  get httpPort(): number | undefined {
    return this.#transport.httpPort;
  }

  get refused(): number {
    return this.#transport.refused ?? 0;
  }

  publish(topic: string, frame: string | Uint8Array, binary: boolean): void {
    this.#transport.publish(topic, frame, binary);
  }

  stopListening(): void {
    this.#transport.stopListening();
  }

  close(): void {
    this.#transport.close();
  }

  /** The default app comes last: it opens the port, for all. */
  listen(acceptor: Acceptor, side: HttpSide): Promise<number> {
    return this.#transport.listen(this.#acceptFor({ acceptor, side }), this.#answerFor({ acceptor, side }));
  }

  #acceptFor(own: Sides): Acceptor {
    const { acceptor } = own;
    const paths = [...this.#apps.values()].flatMap((app) => app.paths);
    return {
      ...acceptor,
      paths: [...new Set([...acceptor.paths, ...paths])],
      admit: (handshake) => {
        const { host, forwardedHosts: forwarded = [] } = handshake;
        const { app, path } = this.#find(handshake.path, [...forwarded, host]);
        return this.#chosen(app, (app?.sides ?? own).acceptor.admit({ ...handshake, path } satisfies Handshake));
      },
      open: (connection, chosen) => {
        const { app, choice } = chosen as Choice;
        if (app === undefined) return acceptor.open(connection, choice);
        return app.sides.acceptor.open(new AppConnection(connection, app.mark), choice);
      },
    };
  }

  #chosen(app: AppTransport | undefined, admission: Admission): Admission {
    if (!admission.ok) return admission;
    const choice: Choice = { app, choice: admission.choice };
    return { ...admission, choice };
  }

  #answerFor(own: Sides): HttpSide {
    return {
      wantsBody: (head) => {
        const { app, ...place } = this.#destinationOf(head);
        return (app?.sides ?? own).side.wantsBody({ ...head, ...place });
      },
      handle: (request) => {
        const { app, ...place } = this.#destinationOf(request);
        return (app?.sides ?? own).side.handle({ ...request, ...place });
      },
    };
  }

  #destinationOf({ path, headers }: RequestHead): Found {
    const forwarded = this.#trustProxy ? forwardedHosts((name) => headers.get(name)) : [];
    return this.#find(path, [...forwarded, headers.get('host') ?? '']);
  }

  #find(path: string, hosts: readonly string[]): Found {
    const { app, path: rest, base } = this.#directory.find(path, hosts);
    return { app: app === undefined ? undefined : this.#apps.get(app), path: rest, base };
  }
}

/** The part of a transport that belongs to one app. */
class AppTransport implements Transport {
  readonly batchLimit: number;
  /** Precedes the names of its topics. No topic of the default app begins with it. */
  readonly mark: string;
  readonly #name: string;
  readonly #at: AppPlace;
  readonly #sockets: Fanout;
  #sides: Sides | undefined;

  constructor(sockets: Fanout, name: string, at: AppPlace) {
    this.batchLimit = sockets.batchLimit;
    this.mark = `/${name}/`;
    this.#name = name;
    this.#at = at;
    this.#sockets = sockets;
  }

  /** @throws Error if the app has not started: the port is opened after that */
  get sides(): Sides {
    if (this.#sides === undefined) throw new Error(`the app "${this.#name}" has not started`);
    return this.#sides;
  }

  /** Its paths of WebSockets at the port. */
  get paths(): readonly string[] {
    const base = 'path' in this.#at ? this.#at.path : '';
    return this.sides.acceptor.paths.map((path) => `${base}${path}`);
  }

  /** The port is not open yet: the default app opens it. */
  async listen(acceptor: Acceptor, side: HttpSide): Promise<number> {
    this.#sides = { acceptor, side };
    return 0;
  }

  publish(topic: string, frame: string | Uint8Array, binary: boolean): void {
    this.#sockets.publish(`${this.mark}${topic}`, frame, binary);
  }

  /** The port belongs to all apps. */
  stopListening(): void {}

  close(): void {}
}
