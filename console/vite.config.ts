// Builds the console into console/dist: hashed assets, no inline script or style, so that the agent can serve it under
// a Content-Security-Policy of `default-src 'self'`.
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined assets would be data: URLs, which `default-src 'self'` forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // hls.js alone is larger than Vite's general warning; test/console/budget.test.ts holds the real limits.
    chunkSizeWarningLimit: 700,
  },
});
