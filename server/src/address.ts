/** The addresses of a started gateway. */
export interface Address {
  readonly port: number;
  /** The address for HTTP, such as `http://localhost:8080`; WebSockets are opened at its `/ws`. */
  readonly url: string;
  /** The second port for HTTP only (`httpPort`), if configured. */
  readonly httpPort?: number;
}
