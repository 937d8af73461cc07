import { isUtf8 } from 'node:buffer';
import type { JWTPayload } from 'jose';

/** The claims in a token's decoded payload; `null` if it is not a JSON object. */
export function readPayload(bytes: Uint8Array): JWTPayload | null {
  if (!isUtf8(bytes)) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JWTPayload) : null;
  } catch {
    return null;
  }
}
