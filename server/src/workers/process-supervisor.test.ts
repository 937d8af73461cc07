import { describe, expect, it } from 'vitest';
import { ManualClock } from '../util/clock.ts';
import { backoff } from './backoff.ts';
import type { FromProcess, Task, ToProcess } from './messages.ts';
import { type Loss, ProcessSupervisor } from './process-supervisor.ts';
import type { HandleListener } from './spawn.ts';

const TASK = { name: 'm/1', machine: 'm', port: 1 } as unknown as Task;
const READY = { type: 'ready', port: 1, url: 'http://localhost:1' } as const;

/** A supervisor whose processes are simulated by the test. */
function world() {
  const clock = new ManualClock();
  const processes: { listener: HandleListener; sent: ToProcess[]; kills: number }[] = [];
  const losses: Loss[] = [];
  const messages: FromProcess[] = [];
  const supervisor = new ProcessSupervisor({
    role: 'worker',
    name: 'm/1',
    task: () => TASK,
    clock,
    random: () => 1,
    spawn: (_, listener) => {
      const played = { listener, sent: [] as ToProcess[], kills: 0 };
      processes.push(played);
      const kill = (): void => {
        played.kills++;
        listener.exit({ clean: false, words: 'SIGKILL' });
      };
      return { pid: processes.length, send: (message) => void played.sent.push(message), kill };
    },
    onMessage: (message) => void messages.push(message),
    onReady: () => {},
    onLost: (loss) => void losses.push(loss),
    onGone: () => {},
  });
  const latest = () => {
    const played = processes.at(-1);
    if (played === undefined) throw new Error('no process was started');
    return played;
  };
  const crash = (words = 'exit code 1') => latest().listener.exit({ clean: false, words });
  return { clock, supervisor, processes, losses, messages, latest, crash };
}

async function running() {
  const all = world();
  const starting = all.supervisor.start();
  all.latest().listener.message(READY);
  await starting;
  return all;
}

describe('a supervisor of one process', () => {
  it('ignores what arrives from a process after its end, also if its replacement runs', async () => {
    const { latest, crash, clock, messages } = await running();
    const { listener } = latest();
    const late = { type: 'counted', id: 0, snapshot: [] } as const;
    listener.message(late);
    crash();
    listener.message(late);
    clock.advance(1_000);
    latest().listener.message(READY);
    listener.message(late);
    expect(messages).toEqual([late]);
  });

  it('gives the process its task, and resolves when it is ready', async () => {
    const { supervisor, latest, clock } = await running();
    expect(latest().sent).toEqual([{ type: 'start', task: TASK }]);
    expect(supervisor.ready).toBe(true);
    expect(clock.running).toBe(0);
  });

  it('does not restart a process that fails at the start, and reports the reason', async () => {
    const { supervisor, latest, crash, processes } = world();
    const starting = supervisor.start();
    latest().listener.message({ type: 'failed', message: 'the port is taken' });
    crash();
    await expect(starting).rejects.toThrow('the port is taken');
    expect(processes).toHaveLength(1);
  });

  it('reports the exit of a process that sent no reason', async () => {
    const { supervisor, crash } = world();
    const starting = supervisor.start();
    crash('SIGSEGV');
    await expect(starting).rejects.toThrow('m/1 ended before it was ready: SIGSEGV');
  });

  it('ends a process that is not ready in time', async () => {
    const { supervisor, clock, latest } = world();
    const starting = supervisor.start();
    clock.advance(120_000);
    await expect(starting).rejects.toThrow('was not ready within 120 seconds');
    expect(latest().kills).toBe(1);
    expect(clock.running).toBe(0);
  });

  it('replaces a process that crashes, with growing delays, which start over after a quiet time', async () => {
    const { clock, losses, latest, crash, processes } = await running();
    for (let at = 0; at < 10; at++) {
      crash();
      clock.advance(losses.at(-1)?.wait ?? 0);
      latest().listener.message(READY);
    }
    expect(losses.map(({ wait }) => wait)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]);
    expect(processes).toHaveLength(11);
    clock.advance(30_001);
    crash();
    expect(losses.at(-1)).toEqual({ name: 'm/1', words: 'exit code 1', wait: 100 });
  });

  it('keeps trying if a replacement does not become ready', async () => {
    const { clock, losses, latest, crash, processes } = await running();
    crash();
    clock.advance(100);
    latest().listener.message({ type: 'failed', message: 'the port is taken' });
    crash();
    expect(losses.at(-1)).toEqual({ name: 'm/1', words: 'the port is taken', wait: 200 });
    clock.advance(200);
    expect(processes).toHaveLength(3);
  });

  it('replaces a process at once that was drained alone', async () => {
    const { clock, losses, latest, processes } = await running();
    latest().listener.exit({ clean: true, words: 'exit code 0' });
    expect(losses.at(-1)?.wait).toBe(0);
    clock.advance(0);
    expect(processes).toHaveLength(2);
  });

  it('requests the process to stop, and does not replace it', async () => {
    const { clock, supervisor, latest, processes } = await running();
    const stopping = supervisor.stop(1_000);
    expect(latest().sent.at(-1)).toEqual({ type: 'stop' });
    latest().listener.exit({ clean: true, words: 'exit code 0' });
    expect(await stopping).toBe(true);
    expect({ processes: processes.length, timers: clock.running }).toEqual({ processes: 1, timers: 0 });
  });

  it('kills a process that does not stop in time', async () => {
    const { clock, supervisor, latest } = await running();
    const stopping = supervisor.stop(1_000);
    clock.advance(1_000);
    expect(await stopping).toBe(false);
    expect(latest().kills).toBe(1);
  });

  it('stops while it waits to start a replacement', async () => {
    const { clock, supervisor, crash, processes } = await running();
    crash();
    expect(await supervisor.stop(1_000)).toBe(true);
    clock.advance(60_000);
    expect(processes).toHaveLength(1);
  });
});

describe('backoff', () => {
  it.each([
    [0, 0, 50],
    [0, 1, 100],
    [3, 0.5, 600],
    [50, 0, 7_500],
    [5_000, 1, 15_000],
  ])('after %i failures with random %d is %i ms', (failures, random, wait) => {
    expect(backoff(failures, random)).toBe(wait);
  });
});
