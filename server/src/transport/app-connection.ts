import type { Connection } from './connection.ts';

/** A connection as an app sees it: its topics are those of the app. */
export class AppConnection implements Connection {
  readonly #connection: Connection;
  readonly #mark: string;

  /** @param mark precedes the names of the app's topics */
  constructor(connection: Connection, mark: string) {
    this.#connection = connection;
    this.#mark = mark;
  }

  get id(): string {
    return this.#connection.id;
  }

  get address(): string {
    return this.#connection.address;
  }

  get protocol(): string {
    return this.#connection.protocol;
  }

  get buffered(): number {
    return this.#connection.buffered;
  }

  get congested(): boolean {
    return this.#connection.congested;
  }

  get lossless(): boolean {
    return this.#connection.lossless === true;
  }

  send(frame: string | Uint8Array, binary: boolean): void {
    this.#connection.send(frame, binary);
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
  }

  trust(): void {
    this.#connection.trust();
  }

  join(topic: string): void {
    this.#connection.join(`${this.#mark}${topic}`);
  }

  leave(topic: string): void {
    this.#connection.leave(`${this.#mark}${topic}`);
  }

  hasRoom(lowWater: number): boolean {
    return this.#connection.hasRoom(lowWater);
  }
}
