import { setImmediate as promises } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { LateEngine } from './support/late-engine.ts';
import { Model } from './support/model.ts';
import { type Scenario, scenarios, step } from './support/scenario.ts';

/** Runs of the checker, each of up to 120 steps. A third of them use the slower late engine. */
const RUNS = Number(process.env.SLUICE_MODEL_RUNS ?? 3_000);
const STEPS = 120;
const TIMEOUT = 600_000;

it('reads the next page only after the previous one was delivered, even if the reader drained in between', () => {
  const model = new Model({ channels: ['latest'], followers: 1 });
  const [follower] = model.followers;
  if (follower === undefined) throw new Error('the model has no follower');
  model.publish('latest', { count: 30, size: 20_000 });
  model.connect(follower);
  model.turn();
  follower.socket?.stall();
  follower.subscribe('latest', { position: { epoch: 'elsewhere', offset: 0 } });
  model.turn();
  for (let page = 0; page < 2; page++) {
    follower.socket?.read(3_000);
    follower.send({ type: 'history', channel: 'latest' });
  }
  model.settle();
  model.check();
});

describe('in random scenarios', () => {
  it('every subscriber receives each message once and in order, or a gap', { timeout: TIMEOUT }, () => {
    const property = fc.property(scenarios(STEPS), ({ channels, followers, steps }) => {
      const model = new Model({ channels, followers });
      for (const { run } of steps) {
        run(model);
        model.check();
      }
      for (let round = 0; round < 2; round++) {
        model.reconnectAll();
        model.settle();
        model.publishUnannounced();
        model.settle();
        model.clock.advance(1_000); // progress is due
        model.settle();
      }
      model.check();
      model.checkSettled();
      model.disconnectAll();
      model.settle();
      model.checkEmpty();
    });
    fc.assert(property, { numRuns: RUNS });
  });

  it('the same holds with an engine that answers late, in any order, or not at all', { timeout: TIMEOUT }, async () => {
    const engines = new WeakMap<Model, LateEngine>();
    const engineOf = (model: Model): LateEngine => {
      const engine = engines.get(model);
      if (engine === undefined) throw new Error('the model has no engine');
      return engine;
    };
    const late = [
      {
        weight: 40,
        arbitrary: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 6 }).map((choices) =>
          step(`the engine goes on ${choices.join()}`, (model) => {
            for (const choice of choices) engineOf(model).advance(choice);
          }),
        ),
      },
      {
        weight: 2,
        arbitrary: fc.integer({ min: 1, max: 3 }).map((times) =>
          step(`the engine is away ${times} times`, (model) => {
            engineOf(model).away = times;
          }),
        ),
      },
    ];
    const run = async ({ channels, followers, steps }: Scenario) => {
      const model = new Model({
        channels,
        followers,
        wrap: (chaos) => new LateEngine(chaos),
        onEngine: (made, engine) => engines.set(made, engine as LateEngine),
      });
      const settle = async () => {
        for (let turns = 0; model.busy || engineOf(model).busy; turns++) {
          if (turns > 20_000) throw new Error('the gateway does not settle');
          if (model.busy) model.turn();
          engineOf(model).advance(turns);
          await promises();
        }
        model.transport.step();
      };
      for (const { run: happen } of steps) {
        happen(model);
        await promises();
        model.check();
      }
      engineOf(model).away = 0;
      for (let round = 0; round < 2; round++) {
        model.reconnectAll();
        await settle();
        model.clock.advance(1_000); // refused reads are retried
        await settle();
        model.publishUnannounced();
        await settle();
        model.clock.advance(1_000); // progress is due
        await settle();
      }
      model.check();
      model.checkSettled();
      model.disconnectAll();
      await settle();
      model.clock.advance(1_000);
      await settle();
      model.checkEmpty();
    };
    await fc.assert(fc.asyncProperty(scenarios(STEPS, late), run), { numRuns: Math.ceil(RUNS / 3) });
  });
});
