/** The supervisor, as seen by one of its processes. */

import type { FromProcess, Task, ToProcess } from './messages.ts';

export interface SupervisorLink {
  readonly task: Task;
  send(message: FromProcess): void;
  /** Receives every message after the task. */
  listen(listener: (message: ToProcess) => void): void;
  /** Called when the supervisor has gone: then no other process ends this one. */
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
    process.once('disconnect', endOrphan); // before any task arrived
  });
}

const endOrphan = (): void => process.exit(1);

function linkFor(task: Task): SupervisorLink {
  return {
    task,
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    listen: (listener) => void process.on('message', listener),
    onOrphaned(orphaned) {
      process.off('disconnect', endOrphan);
      process.once('disconnect', orphaned);
      if (!process.connected) orphaned();
    },
  };
}

/** Reports to the supervisor why this process cannot work, and exits. */
export function giveUp(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (process.connected)
    process.send?.({ type: 'failed', message } satisfies FromProcess, undefined, undefined, () => process.exit(1));
  else process.exit(1);
}
