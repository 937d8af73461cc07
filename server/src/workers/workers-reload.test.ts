import { describe, expect, it } from 'vitest';
import type { Loaded } from '../config/load.ts';
import { ManualClock } from '../util/clock.ts';
import type { ToProcess } from './messages.ts';
import { type ReloadingWorker, WorkersReload } from './workers-reload.ts';

const LOADED = { gathered: { input: {}, sources: {}, directory: '/' } } as unknown as Loaded;
const DIFFERENCES = { changes: ['channels: added "d"'], restart: ['heartbeat'] };
const REPORT = { changes: ['channels: added "c"'], restart: [] };

interface PlayedWorker extends ReloadingWorker {
  ready: boolean;
  readonly sent: ToProcess[];
}

function setUp(names: readonly string[] = ['m/1', 'm/2']) {
  const clock = new ManualClock();
  const adopted: Loaded[] = [];
  const late: unknown[] = [];
  const workers = names.map((name): PlayedWorker => {
    const sent: ToProcess[] = [];
    return { name, ready: true, sent, send: (message) => void sent.push(message) };
  });
  const adopt = (loaded: Loaded) => void adopted.push(loaded);
  const reload = new WorkersReload({
    workers: () => workers,
    clock,
    adopt,
    differences: () => DIFFERENCES,
    log: { debug: () => {}, warn: (fields: unknown) => void late.push(fields) },
  });
  for (const { name } of workers) reload.starting(name);
  const ends = () => workers.map(({ sent }) => sent.flatMap((one) => (one.type === 'endReload' ? [one.commit] : [])));
  return { clock, adopted, late, workers, reload, ends };
}

const turn = () => new Promise(setImmediate);

/** In an object, because a promise would be awaited. */
async function begun(names?: readonly string[]) {
  const world = setUp(names);
  const applied = world.reload.apply(LOADED);
  applied.catch(() => {}); // each test looks at it later
  await turn();
  return { ...world, applied };
}

describe('a reload of workers', () => {
  it('is applied by all once each has prepared it, and reports what has changed', async () => {
    const { reload, applied, ends, adopted } = await begun();
    reload.answered('m/1', { type: 'reloadStaged', id: 1 });
    await turn();
    expect([ends(), adopted]).toEqual([[[], []], []]);
    reload.answered('m/2', { type: 'reloadStaged', id: 1 });
    await turn();
    expect([ends(), adopted]).toEqual([[[true], [true]], [LOADED]]);
    for (const name of ['m/1', 'm/2']) reload.answered(name, { type: 'reloadCommitted', id: 1, report: REPORT });
    expect(await applied).toEqual(REPORT);
  });

  it('is applied by none if one cannot', async () => {
    const { reload, applied, ends, adopted } = await begun();
    reload.answered('m/1', { type: 'reloadStaged', id: 1 });
    reload.answered('m/2', { type: 'reloadStaged', id: 1, problem: 'the file of a key is missing' });
    await expect(applied).rejects.toThrow('the file of a key is missing');
    expect([ends(), adopted]).toEqual([[[false], [false]], []]);
  });

  it('is applied by none if one does not answer in time', async () => {
    const { reload, applied, ends, adopted, clock } = await begun();
    reload.answered('m/1', { type: 'reloadStaged', id: 1 });
    clock.advance(10_000);
    await expect(applied).rejects.toThrow('m/2 did not prepare the reload within 10 seconds');
    expect([ends(), adopted]).toEqual([[[false], [false]], []]);
    expect(clock.running).toBe(0);
  });

  it('reports what has changed although workers are late to apply it, and names them', async () => {
    const { reload, applied, clock, adopted, late } = await begun();
    for (const name of ['m/1', 'm/2']) reload.answered(name, { type: 'reloadStaged', id: 1 });
    await turn();
    clock.advance(10_000);
    expect(await applied).toEqual(DIFFERENCES);
    expect([adopted, late]).toEqual([[LOADED], [{ workers: ['m/1', 'm/2'] }]]);
  });

  it('does not wait for a worker that has ended, before or after it has prepared it', async () => {
    const { reload, applied, workers, clock } = await begun(['m/1', 'm/2', 'm/3']);
    const end = (at: number) => {
      const worker = workers[at] as PlayedWorker;
      worker.ready = false;
      reload.gone(worker.name);
    };
    end(0);
    for (const name of ['m/2', 'm/3']) reload.answered(name, { type: 'reloadStaged', id: 1 });
    await turn();
    end(1);
    reload.answered('m/3', { type: 'reloadCommitted', id: 1, report: REPORT });
    expect(await applied).toEqual(REPORT);
    expect(clock.running).toBe(0);
  });

  it('reports what has changed if every worker ends after it has prepared it: their replacements have it', async () => {
    const { reload, applied, workers, adopted } = await begun();
    for (const { name } of workers) reload.answered(name, { type: 'reloadStaged', id: 1 });
    await turn();
    for (const { name } of workers) reload.gone(name);
    expect(await applied).toEqual(DIFFERENCES);
    expect(adopted).toEqual([LOADED]);
  });

  it('changes nothing if every worker ends while it prepares it', async () => {
    const { reload, applied, workers, adopted } = await begun();
    for (const { name } of workers) reload.gone(name);
    await expect(applied).rejects.toThrow('every worker ended while it prepared the reload');
    expect(adopted).toEqual([]);
  });

  it('is adopted if no worker runs: the next ones start with it', async () => {
    const { reload, workers, adopted } = setUp();
    for (const worker of workers) worker.ready = false;
    expect(await reload.apply(LOADED)).toEqual(DIFFERENCES);
    expect(adopted).toEqual([LOADED]);
  });

  it('leaves out a worker that is starting, and replaces it when it has started', async () => {
    const { reload, workers, adopted } = setUp();
    (workers[1] as PlayedWorker).ready = false;
    const applied = reload.apply(LOADED);
    await turn();
    reload.answered('m/1', { type: 'reloadStaged', id: 1 });
    await turn();
    reload.answered('m/1', { type: 'reloadCommitted', id: 1, report: REPORT });
    await applied;
    expect([workers[1]?.sent, adopted]).toEqual([[], [LOADED]]);
    reload.ready('m/2');
    expect(workers[1]?.sent).toEqual([{ type: 'stop' }]);
  });

  it('replaces a worker that ended and started again while the others prepared the reload', async () => {
    const { reload, applied, workers } = await begun();
    reload.gone('m/2');
    reload.starting('m/2');
    reload.ready('m/2');
    expect(workers[1]?.sent.map(({ type }) => type)).toEqual(['stageReload']);
    reload.answered('m/1', { type: 'reloadStaged', id: 1 });
    await turn();
    expect(workers[1]?.sent.map(({ type }) => type)).toEqual(['stageReload', 'stop']);
    reload.answered('m/1', { type: 'reloadCommitted', id: 1, report: REPORT });
    expect(await applied).toEqual(REPORT);
  });

  it('keeps a worker that started after it, with the new configuration', async () => {
    const { reload, applied, workers } = await begun();
    for (const name of ['m/1', 'm/2']) reload.answered(name, { type: 'reloadStaged', id: 1 });
    await turn();
    reload.gone('m/2');
    reload.starting('m/2');
    reload.answered('m/1', { type: 'reloadCommitted', id: 1, report: REPORT });
    await applied;
    reload.ready('m/2');
    expect(workers[1]?.sent.map(({ type }) => type)).toEqual(['stageReload', 'endReload']);
  });

  it('waits for the one before, and ignores late answers to it', async () => {
    const { reload, applied, workers } = await begun(['m/1']);
    const second = reload.apply(LOADED);
    await turn();
    expect(workers[0]?.sent.length).toBe(1);
    reload.answered('m/1', { type: 'reloadStaged', id: 1, problem: 'no' });
    await expect(applied).rejects.toThrow('no');
    await turn();
    reload.answered('m/1', { type: 'reloadStaged', id: 1 }); // once more
    await turn();
    expect(workers[0]?.sent.at(-1)).toMatchObject({ type: 'stageReload', id: 2 });
    reload.answered('m/1', { type: 'reloadStaged', id: 2 });
    await turn();
    reload.answered('m/1', { type: 'reloadCommitted', id: 2, report: REPORT });
    expect(await second).toEqual(REPORT);
  });
});
