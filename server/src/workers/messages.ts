/** The messages between the supervisor and its processes. */

import type { Gathered } from '../config/load.ts';
import type { Invented } from '../config/schema.ts';
import type { Snapshot } from '../observe/metrics-sum.ts';
import type { NodeReload, ReloadReport } from '../reload.ts';

/** Which program a process runs. */
export type Role = 'worker' | 'owner';

/** The task of a process. */
export interface Task {
  readonly gathered: Gathered;
  /** The same for all processes, so that every worker knows a key made for this run. */
  readonly invented: Invented;
  /** Its name in logs; for a worker, the name of its node. */
  readonly name: string;
  /** The name of all workers together. */
  readonly machine: string;
  readonly port: number;
  /**
   * Path of the socket at which the engine's owner offers the engine. Absent if every worker opens
   * the engine itself.
   */
  readonly enginePath?: string;
}

export type ToProcess =
  | { readonly type: 'start'; readonly task: Task }
  /** Stop after all accepted work is done. */
  | { readonly type: 'stop' }
  | { readonly type: 'count'; readonly id: number }
  /** The metrics of the whole machine, in Prometheus' text format; `null`: they could not be added up. */
  | { readonly type: 'scraped'; readonly id: number; readonly text: string | null }
  /** Prepare a reload: everything that may fail. */
  | { readonly type: 'stageReload'; readonly id: number; readonly gathered: Gathered }
  /** All workers are prepared; or one is not, and nothing changes. */
  | { readonly type: 'endReload'; readonly id: number; readonly commit: boolean }
  /** To the owner of the engine: this configuration is in force now. */
  | { readonly type: 'adopt'; readonly gathered: Gathered }
  /** The answer to `reload`. */
  | { readonly type: 'reloaded'; readonly id: number; readonly result: NodeReload };

export type FromProcess =
  | { readonly type: 'ready'; readonly port: number; readonly url: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'counted'; readonly id: number; readonly snapshot: Snapshot }
  | { readonly type: 'scrape'; readonly id: number }
  /** A reload was requested over HTTP. */
  | { readonly type: 'reload'; readonly id: number }
  /** `problem`: the worker cannot reload, and why. */
  | { readonly type: 'reloadStaged'; readonly id: number; readonly problem?: string }
  | { readonly type: 'reloadCommitted'; readonly id: number; readonly report: ReloadReport }
  /** The whole machine was requested to drain and stop. */
  | { readonly type: 'leaving' };
