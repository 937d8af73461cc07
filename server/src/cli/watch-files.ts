import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Milliseconds without a further change: editors write a file in several steps. */
const QUIET = 100;

/** Watches folders, because many editors replace a file instead of writing into it. */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, QUIET).unref();
  };
  const folders = [...new Set(files.map((file) => dirname(file)))];
  const watchers = folders.map((folder): FSWatcher => {
    const names = files.filter((file) => dirname(file) === folder).map((file) => basename(file));
    return watch(folder, { persistent: false }, (_, name) => {
      if (name === null || names.includes(name)) later();
    });
  });
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
