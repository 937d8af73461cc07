import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** The gateway for `npm run dev`. */
const gateway = 'http://localhost:8080';

export default defineConfig({
  // Relative, so that a proxy can serve the gateway under any path.
  base: './',
  plugins: [svelte()],
  build: {
    // The package of the gateway contains the console.
    outDir: '../server/dist/console',
    emptyOutDir: true,
    // No data: URLs and no inline modules: the Content-Security-Policy allows files of this origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: {
    proxy: { '/api': gateway, '/dev': gateway, '/metrics': gateway, '/console/settings.json': gateway },
  },
});
