import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import express, { Router } from "express";

/** The built page, if it was built. */
const PAGE_DIR = join(import.meta.dirname, "..", "web", "dist");

const NOT_BUILT = `edge-evse runs, but its page is not built yet.
"npm start" builds it; "npx vite build services/api/web" does so by hand.
Meanwhile: GET /api/v1/site, GET /settings, GET /health, /api/docs
`;

/** The page at /. */
export function pageRouter(pageDir = PAGE_DIR): Router {
  const router = Router();
  // Names of built assets carry a hash of their content: they may be kept for ever. The page itself may not.
  router.use("/assets", express.static(join(pageDir, "assets"), { immutable: true, maxAge: "365d", index: false }));
  router.use(
    express.static(pageDir, {
      cacheControl: false,
      setHeaders: response => response.setHeader("Cache-Control", "no-cache"),
    }),
  );
  router.get("/", (_request, response) => {
    response.set("Cache-Control", "no-store").type("text/plain").send(NOT_BUILT);
  });
  return router;
}

const INITIALIZER = `window.ui = SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
  validatorUrl: null,
});
`;

/** Swagger UI from its package; only its start script is ours. */
export function docsRouter(): Router {
  const router = Router();
  const manifest = createRequire(import.meta.url).resolve("swagger-ui-dist/package.json");
  const assets = dirname(manifest);
  if (!existsSync(join(assets, "swagger-ui-bundle.js"))) throw new Error(`swagger-ui-dist is incomplete in ${assets}`);
  router.get("/swagger-initializer.js", (_request, response) => {
    response.type("text/javascript").send(INITIALIZER);
  });
  router.use(express.static(assets, { maxAge: "1d" }));
  return router;
}
