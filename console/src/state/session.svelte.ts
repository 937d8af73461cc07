import { Api, ApiError } from './api.ts';

/** What the gateway says about itself to a console without a key. */
interface Settings {
  readonly mode: 'read' | 'write';
  readonly node: string;
  readonly dev: boolean;
  readonly hasPages: boolean;
}

/** Where the key is until the tab is closed. */
const KEY = 'sluice.console.key';

/** Who uses the console, and what they may do. */
export class Session {
  #settings = $state.raw<Settings | undefined>();
  #api = $state.raw<Api | undefined>();
  /** Why there is no session. */
  problem = $state.raw<ApiError | undefined>();
  starting = $state(true);

  constructor() {
    void this.#start();
  }

  get api(): Api | undefined {
    return this.#api;
  }

  get node(): string {
    return this.#settings?.node ?? '';
  }

  get dev(): boolean {
    return this.#settings?.dev === true;
  }

  /** Does the gateway serve an application, such as the demo? */
  get hasPages(): boolean {
    return this.#settings?.hasPages === true;
  }

  /** May the console act, or only look? */
  get canAct(): boolean {
    return this.#settings?.mode === 'write';
  }

  async #start(): Promise<void> {
    try {
      const response = await fetch('./settings.json');
      if (!response.ok) throw new ApiError(response.status, { error: 'error', message: 'The console is not served.' });
      this.#settings = (await response.json()) as Settings;
      const key = sessionStorage.getItem(KEY) ?? (this.dev ? await developmentKey() : null);
      if (key !== null) await this.signIn(key);
    } catch (error) {
      this.problem = asApiError(error);
    } finally {
      this.starting = false;
    }
  }

  /** Uses a key or a token, if the gateway accepts it. */
  async signIn(key: string): Promise<void> {
    const api = new Api(key);
    try {
      await api.get('nodes');
      sessionStorage.setItem(KEY, key);
      this.problem = undefined;
      this.#api = api;
    } catch (error) {
      const problem = asApiError(error);
      if (problem.status === 401) sessionStorage.removeItem(KEY);
      this.problem = problem;
    }
  }

  signOut(): void {
    sessionStorage.removeItem(KEY);
    this.#api = undefined;
  }
}

/** In development the gateway hands out its API key, or a token if the key is configured. */
async function developmentKey(): Promise<string | null> {
  const caps = encodeURIComponent('{"**":["*","manage"]}');
  const response = await fetch(`../dev/token?sub=console&caps=${caps}`);
  if (!response.ok) return null;
  const { token, apiKey } = (await response.json()) as { token: string; apiKey?: string };
  return apiKey ?? token;
}

export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(0, { error: 'error', message: error instanceof Error ? error.message : String(error) });
