import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { docs } from './docs-plugin.ts';

/** The gateway that `npm run dev` talks to; `npm start` in the root serves the built demo itself. */
const gateway = 'http://localhost:8080';

export default defineConfig({
  // Relative, so that the gateway may serve the demo below any path.
  base: './',
  plugins: [svelte(), docs()],
  // These read light-dark() and field-sizing natively or ignore them harmlessly; older targets would inflate the CSS.
  build: {
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // On a slow machine it prints how long each plugin took, in the middle of the first `npm start`.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: {
    proxy: {
      '/ws': { target: gateway, ws: true },
      '/api': gateway,
      '/dev': gateway,
    },
  },
});
