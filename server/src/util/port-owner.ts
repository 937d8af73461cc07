import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The process that listens on a port, or its supervisor. */
export interface PortOwner {
  readonly pid: number;
  /** Its command line, cut to a readable length. */
  readonly command: string;
}

const LISTENING = '0A';
const LONGEST = 120;

/**
 * Finds the process to stop when a port is in use. For a worker, that is its supervisor, which would replace it.
 *
 * @returns `null` if unknown: on systems other than Linux, or for processes of other users
 */
export function findPortOwner(port: number): PortOwner | null {
  try {
    const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningSockets(table, port)));
    const pid = sockets.size === 0 ? undefined : processIds().find((candidate) => holdsOne(candidate, sockets));
    return pid === undefined ? null : ownerOf(pid);
  } catch {
    return null;
  }
}

/** A sentence about the owner: who listens, and how to stop it. */
export function describePortOwner(port: number): string {
  const owner = findPortOwner(port);
  if (owner === null) return 'the port is taken or may not be used';
  return `the port is taken by process ${owner.pid} (${owner.command}); stop it with "kill ${owner.pid}"`;
}

/** Columns of proc_pid_net(5): the local address, its state, and the socket's inode. */
function listeningSockets(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(`/proc/net/${table}`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) === true && state === LISTENING)
    .map((columns) => `socket:[${columns[9]}]`);
}

const processIds = (): number[] =>
  readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) && Number(name) !== process.pid ? [Number(name)] : []));

function holdsOne(pid: number, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((descriptor) => sockets.has(linkOf(`${folder}/${descriptor}`)));
  } catch {
    return false; // of another user, or gone
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const commandOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim().slice(0, LONGEST);

function ownerOf(pid: number): PortOwner {
  const command = commandOf(pid);
  if (!/\bworker-main\.[jt]s\b/.test(command)) return { pid, command };
  const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return parent > 1 ? { pid: parent, command: commandOf(parent) } : { pid, command };
}
