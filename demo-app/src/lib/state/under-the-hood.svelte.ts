import type { Devtools, DevtoolsSnapshot } from '@sluice/client/devtools';

/** What the devtools know, for a component. Create it while a component is initialized. */
export class UnderTheHood {
  #snapshot = $state.raw<DevtoolsSnapshot>();

  constructor(devtools: Devtools) {
    this.#snapshot = devtools.getSnapshot();
    $effect(() =>
      devtools.subscribe(() => {
        this.#snapshot = devtools.getSnapshot();
      }),
    );
  }

  get snapshot(): DevtoolsSnapshot {
    return this.#snapshot as DevtoolsSnapshot;
  }
}
