import { EngineFull, EngineUnavailable, HeadMoved, QueueFull } from '../engine.ts';

/** Errors that mean the same in another process; every other is a fault of the engine. */
const KNOWN: Readonly<Record<string, new (message: string) => Error>> = { EngineUnavailable, EngineFull, QueueFull };

/** The name by which an error crosses over. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  if (error instanceof HeadMoved || KNOWN[error.name] !== undefined) return error.name;
  return error instanceof EngineUnavailable ? 'EngineUnavailable' : 'Error';
}

/** The text by which an error crosses over. */
export function textOf(error: unknown): string {
  if (error instanceof HeadMoved) return `${error.head.offset} ${error.head.epoch}`;
  return error instanceof Error ? error.message : String(error);
}

/** The error that crossed over. */
export function toError(name: string, message: string): Error {
  if (name === 'HeadMoved') {
    const [offset, epoch = ''] = message.split(' ');
    return new HeadMoved({ epoch, offset: Number(offset) });
  }
  const Known = KNOWN[name] ?? Error;
  return new Known(message);
}
