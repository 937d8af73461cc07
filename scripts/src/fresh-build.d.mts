export function findStale(workspace: string, root?: string): string | undefined;
export function expectFresh(workspaces: readonly string[], root?: string): void;
