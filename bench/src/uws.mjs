/** The same native server that Sluice runs on: the newest binary that this machine can load. */
export async function loadUws() {
  try {
    return await import('uWebSockets.js');
  } catch {
    return import('uWebSockets.js-20.51');
  }
}
