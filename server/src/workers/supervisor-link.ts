/** The supervisor, as one of its processes sees it. */

import type { FromProcess, Task, ToProcess } from './messages.ts';

export interface SupervisorLink {
  readonly task: Task;
  send(message: FromProcess): void;
  /** Hears everything that comes after the task. */
  listen(hear: (message: ToProcess) => void): void;
  /** Calls back when the supervisor is gone: then nobody else ends this process. */
  onOrphaned(orphaned: () => void): void;
}

/** Waits for the supervisor's task. */
export function supervisorLink(): Promise<SupervisorLink> {
  if (process.send === undefined)
    return Promise.reject(new Error('this program is started by "sluice serve --workers"'));
  return new Promise((resolve) => {
    process.once('message', (message: ToProcess) => {
      if (message.type === 'start') resolve(linkFor(message.task));
    });
    process.once('disconnect', endOrphan); // before there was anything to do
  });
}

const endOrphan = (): void => process.exit(1);

function linkFor(task: Task): SupervisorLink {
  return {
    task,
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    listen: (hear) => void process.on('message', hear),
    onOrphaned(orphaned) {
      process.off('disconnect', endOrphan);
      process.once('disconnect', orphaned);
      if (!process.connected) orphaned();
    },
  };
}

/** Tells the supervisor why this process cannot do its work, and ends it. */
export function giveUp(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (process.connected)
    process.send?.({ type: 'failed', message } satisfies FromProcess, undefined, undefined, () => process.exit(1));
  else process.exit(1);
}
