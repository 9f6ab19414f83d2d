import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The gateway (or the mock) that the development server forwards API calls to. */
const backend = process.env.ASKFLASH_URL ?? "http://127.0.0.1:8080";
const forwarded = { target: backend, changeOrigin: true, headers: { origin: backend } };

export default defineConfig({
  plugins: [react()],
  server: {
    host: "127.0.0.1",
    proxy: { "/api": forwarded, "/ws": { ...forwarded, ws: true } },
  },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // "use client" in libraries: there is no server here that could render anything.
      onLog: (level, log, handle) => {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// },
            {
              name: "markdown",
              test: /node_modules\/(react-markdown|remark|mdast|micromark|unified|hast|unist|vfile|property-info|parse-entities|decode-named|character-entities)/,
            },
          ],
        },
      },
    },
  },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    environment: "node",
    restoreMocks: true,
  },
});
