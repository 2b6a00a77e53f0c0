// How the two panels are built: two pages, no plugin, the same bytes from the same sources.
import { defineConfig } from "vite";

// What understands `light-dark()`, `oklch()` and logical properties takes them as they are written.
const browsers = ["chrome123", "firefox121", "safari17.5"];

export default defineConfig({
  appType: "mpa",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: browsers,
    cssTarget: browsers,
    // The policy allows no `data:` URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: { index: "index.html", admin: "admin.html" } },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
