import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { docs } from './docs-plugin.ts';

/** The gateway for `npm run dev`. With `npm start` in the root, the gateway serves the built demo. */
const gateway = 'http://localhost:8080';

export default defineConfig({
  // Relative, so that the gateway can serve the demo under any path.
  base: './',
  plugins: [svelte(), docs()],
  // These browsers support light-dark() and field-sizing or safely ignore them. Older targets would inflate the CSS.
  build: {
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // On a slow machine it would print plugin timings in the middle of the first `npm start`.
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
