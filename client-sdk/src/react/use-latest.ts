import { type RefObject, useEffect, useRef } from 'react';

/** What was rendered last, for what is called later. */
export function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value);
  // Not while rendering: what is rendered may be thrown away.
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
