const KEY = 'sluice.theme';

type Shade = 'light' | 'dark';

/** Light or dark: the system's preference until the user chooses another theme. */
class Theme {
  #system = $state<Shade>('light');
  #chosen = $state<Shade | undefined>();

  constructor() {
    const prefersDark = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => {
      this.#system = prefersDark.matches ? 'dark' : 'light';
    };
    prefersDark.addEventListener('change', follow);
    follow();
    const stored = localStorage.getItem(KEY);
    if (stored === 'light' || stored === 'dark') this.#choose(stored);
  }

  get shade(): Shade {
    return this.#chosen ?? this.#system;
  }

  /** Switches to the other theme. If that is the system's preference, the theme follows the system again. */
  toggle(): void {
    const other = this.shade === 'light' ? 'dark' : 'light';
    this.#choose(other === this.#system ? undefined : other);
  }

  #choose(shade: Shade | undefined): void {
    this.#chosen = shade;
    if (shade === undefined) {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem(KEY);
    } else {
      document.documentElement.dataset.theme = shade;
      localStorage.setItem(KEY, shade);
    }
  }
}

export const theme = new Theme();
