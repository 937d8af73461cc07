/** Shows the error of a handler whose application has no `onError`: the gateway learns only that it failed. */
export function handlerFailed(channel: string, error: unknown): void {
  globalThis.console?.error(`[sluice] ${channel}: the handler failed. Pass onError to handle this.`, error);
}
