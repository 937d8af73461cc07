import { type FSWatcher, watch as watchFolder } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Milliseconds without a further change: editors write a file in several steps. */
const QUIET = 100;

export interface WatchOptions {
  /** Called soon after one of the files has changed, once for several changes in a row. */
  readonly changed: () => void;
  /**
   * Called once if the files cannot be watched, or no longer: for example ENOSPC, when all inotify
   * watches are in use.
   */
  readonly failed: (error: unknown) => void;
  /** Default: the one of `node:fs`. */
  readonly watch?: typeof watchFolder;
}

/**
 * Watches folders, because many editors replace a file instead of writing to it.
 *
 * @returns a function that stops watching
 */
export function watchFiles(
  files: readonly string[],
  { changed, failed, watch = watchFolder }: WatchOptions,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watchers: FSWatcher[] = [];
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, QUIET).unref();
  };
  const stop = (): void => {
    clearTimeout(timer);
    for (const watcher of watchers.splice(0)) watcher.close();
  };
  let hasFailed = false;
  const fail = (error: unknown): void => {
    stop();
    if (!hasFailed) failed(error);
    hasFailed = true;
  };
  const open = (folder: string): void => {
    const names = files.filter((file) => dirname(file) === folder).map((file) => basename(file));
    const watcher = watch(folder, { persistent: false }, (_, name) => {
      if (name === null || names.includes(name)) later();
    });
    watchers.push(watcher.on('error', fail));
  };
  try {
    for (const folder of new Set(files.map((file) => dirname(file)))) open(folder);
  } catch (error) {
    fail(error);
  }
  return stop;
}
