/** Where an app is served: under a path of every host, or under a host name. */
export type AppPlace =
  /** Like `/apps/shop`: its WebSockets are at `/apps/shop/ws`. */
  | { readonly path: string }
  /** Lower case, without a port. */
  | { readonly host: string };
