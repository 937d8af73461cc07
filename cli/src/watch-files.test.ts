import { EventEmitter } from 'node:events';
import { type FSWatcher, mkdtempSync, rmSync, type watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { watchFiles } from './watch-files.ts';

/** Watchers that fail at the test's request. */
class Watchers {
  readonly open = new Map<string, FSWatcher>();
  readonly #broken: string | undefined;

  constructor(broken?: string) {
    this.#broken = broken;
  }

  readonly watch = ((folder: string) => {
    if (folder === this.#broken) throw Object.assign(new Error(`ENOSPC: ${folder}`), { code: 'ENOSPC' });
    const watcher = Object.assign(new EventEmitter(), {
      close: () => void this.open.delete(folder),
    }) as unknown as FSWatcher;
    this.open.set(folder, watcher);
    return watcher;
  }) as unknown as typeof watch;
}

const unexpected = () => {
  throw new Error('nothing changes here');
};

it('calls back after a file has changed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, 'a');
  await new Promise<void>((resolve, reject) => {
    onTestFinished(watchFiles([file], { changed: resolve, failed: reject }));
    writeFileSync(file, 'b');
  });
});

it('reports a folder that cannot be watched instead of throwing, and watches none', () => {
  const watchers = new Watchers('/b');
  const failures: unknown[] = [];
  const failed = (error: unknown) => void failures.push(error);
  watchFiles(['/a/x', '/b/y'], { changed: unexpected, failed, watch: watchers.watch })();
  expect(failures).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
  expect(watchers.open.size).toBe(0);
});

it('reports once if watchers fail later, and closes all of them', () => {
  const watchers = new Watchers();
  const failures: unknown[] = [];
  const failed = (error: unknown) => void failures.push(error);
  watchFiles(['/a/x', '/b/y'], { changed: unexpected, failed, watch: watchers.watch });
  const all = [...watchers.open.values()];
  expect(all).toHaveLength(2);
  for (const watcher of all) watcher.emit('error', new Error('EMFILE'));
  expect(failures).toEqual([expect.objectContaining({ message: 'EMFILE' })]);
  expect(watchers.open.size).toBe(0);
});
