// The compiler of all workspaces: `typescript-native`, which is several times as fast as `typescript`, the
// version before it. That one is here for the tools that call its JavaScript API, which the native one lacks.
await import(new URL('lib/tsc.js', import.meta.resolve('typescript-native/package.json')).href);
