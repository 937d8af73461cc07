import { afterEach, describe, expect, it, vi } from 'vitest';
import { hearUncaught } from '../test/support/uncaught.ts';
import { Emitter, guard } from './emitter.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('Emitter', () => {
  it('calls the handlers of an event, in the order in which they came', () => {
    const emitter = new Emitter<{ a: number; b: string }>();
    const heard: string[] = [];
    emitter.on('a', (value) => heard.push(`first ${value}`));
    emitter.on('b', (value) => heard.push(value));
    emitter.on('a', (value) => heard.push(`second ${value}`));
    emitter.emit('a', 1);
    expect(heard).toEqual(['first 1', 'second 1']);
  });

  it('adds a handler as often as it is given, and removes one at a time', () => {
    const emitter = new Emitter<{ a: number }>();
    const handler = vi.fn();
    const stop = emitter.on('a', handler);
    emitter.on('a', handler);
    stop();
    stop();
    emitter.emit('a', 1);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it('may be changed while it emits', () => {
    const emitter = new Emitter<{ a: number }>();
    const handler = vi.fn();
    const stop = emitter.on('a', () => {
      stop();
      emitter.on('a', handler);
    });
    emitter.emit('a', 1);
    expect(handler).not.toHaveBeenCalled();
    emitter.emit('a', 2);
    expect(handler).toHaveBeenCalledTimes(1);
  });
});

describe('guard', () => {
  const error = new Error('mine');
  const fail = () => {
    throw error;
  };

  it('reports what a handler throws, as the platform reports what nobody catches', async () => {
    const uncaught = hearUncaught();
    guard(fail);
    guard(undefined);
    await Promise.resolve();
    expect(uncaught.mock.calls).toEqual([[error]]);
  });
});
