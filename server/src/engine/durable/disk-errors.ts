import { EngineFull, EngineUnavailable } from '../engine.ts';

/** EFBIG, ENOSPC and EDQUOT, as LMDB and Node.js report them. */
const FULL_CODES: readonly unknown[] = [27, 28, 122, 'EFBIG', 'ENOSPC', 'EDQUOT'];

/** Why a write failed, for the publishers and the operator. */
export function toDiskError(failure: unknown, { isFull = false } = {}): EngineUnavailable {
  const { code, message } = failure as { code?: unknown; message?: string };
  if (isFull || FULL_CODES.includes(code)) return new EngineFull('the disk that holds the channels is full');
  return new EngineUnavailable(`the disk that holds the channels cannot be written: ${message ?? 'unknown reason'}`);
}
