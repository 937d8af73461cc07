// What the snippets of the documentation take from the application around them. Each name is imported into the snippets
// that use it and do not say what it is; see scripts/test/support/snippet-context.ts.

export interface Note {
  readonly text: string;
}

export interface Order {
  readonly amount: number;
}

type Show = (...what: unknown[]) => void;

export declare const greet: Show;
export declare const handle: (order: unknown) => Promise<void>;
export declare const makeThumbnail: (file: unknown, signal: AbortSignal) => Promise<string>;
export declare const offerRetry: Show;
export declare const render: Show;
export declare const report: Show;
export declare const setState: Show;
export declare const show: Show;
export declare const showAll: Show;
export declare const showError: Show;
export declare const showGap: Show;
export declare const showPending: Show;
export declare const showReadOnly: Show;
export declare const showStatus: Show;
export declare const showTick: Show;
export declare const showWarning: Show;
export declare const toast: Show;

export declare function fetchToken(): Promise<string>;
export declare function loadFromBackend(): Promise<readonly Note[]>;
export declare function mayRead(user: string | null, document: string | undefined): Promise<boolean>;

export declare const input: HTMLInputElement;
export declare const controller: AbortController;
