// How the two panels are built: two pages, no plugin, the same bytes from the same sources.
import { defineConfig } from "vite";

// What understands `light-dark()`, `oklch()` and logical properties takes them as they are written.
const browsers = ["chrome123", "firefox121", "safari17.5"];

// A few files instead of many small ones: what every page needs, and what only the panels need.
const everywhere = "api/client|api/problem|cookies|format|leave|load|me|preferences|router|screens|site|start|store|words";
const onEveryPage = "badge|brand|button|field|form|icon|icons|new-password|popover|problem|screen|theme-menu|toast";
const inBothPanels = "block|card|dialog|fresh|live|shell|table|tabs|time";
const groups = [
  { name: "core", test: new RegExp(`node_modules/(preact|openapi-fetch)/|src/lib/(${everywhere})\\.|src/ui/(${onEveryPage})\\.|src/styles/(all|tokens|base|ui)\\.css`), priority: 2 },
  { name: "panel", test: new RegExp(`src/lib/(agent|save|stream)\\.|src/ui/(${inBothPanels})\\.|src/styles/(panel|parts|shell)\\.css`), priority: 1 },
];

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
    rolldownOptions: {
      input: { index: "index.html", admin: "admin.html" },
      checks: { pluginTimings: false },
      output: { codeSplitting: { groups } },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
