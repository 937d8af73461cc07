import { describe, expect, it } from 'vitest';
import { EventBus } from './events.ts';

describe('the event bus', () => {
  it('notifies listeners in the order in which they were added', () => {
    const events = new EventBus();
    const received: string[] = [];
    events.on('started', ({ url }) => received.push(`first ${url}`));
    events.on('started', ({ url }) => received.push(`second ${url}`));
    events.on('stopped', () => received.push('stopped'));
    events.emit('started', { url: 'x' });
    expect(received).toEqual(['first x', 'second x']);
  });

  it('needs no listener', () => {
    expect(() => new EventBus().emit('stopped', {})).not.toThrow();
  });

  it('reports a listener that throws, and still notifies the others', () => {
    const events = new EventBus();
    const received: unknown[] = [];
    const mistake = new Error('oops');
    events.on('stopped', () => {
      throw mistake;
    });
    events.on('stopped', () => received.push('notified'));
    events.on('fault', (fault) => received.push(fault));
    events.emit('stopped', {});
    expect(received).toEqual([{ where: 'listener of "stopped"', error: mistake }, 'notified']);
  });

  it('does not recurse if a listener of "fault" throws', () => {
    const events = new EventBus();
    events.on('fault', () => {
      throw new Error('again');
    });
    expect(() => events.emit('fault', { where: 'here', error: new Error('first') })).not.toThrow();
  });
});
