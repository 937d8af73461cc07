import { type RefObject, useEffect, useRef } from 'react';

/** A ref to the most recently rendered value, for callbacks. */
export function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value);
  // In an effect, because React may discard a rendering.
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
