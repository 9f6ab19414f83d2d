// Writes src/api/schema.d.ts: the types of what the page reads and sends, out of the fleet's OpenAPI document.
//
//   node scripts/api-types.mjs openapi.json          the file is what GET /api/v1/openapi.json gives

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const ROOTS = [
  "AliasResponse",
  "Answer",
  "CheckResponse",
  "ConversationResponse",
  "CreateSourceRequest",
  "DiscoverResponse",
  "DocumentResponse",
  "FeedbackRequest",
  "JobResponse",
  "MeResponse",
  "MessageResponse",
  "SourceResponse",
  "StatusResponse",
];
const TARGET = new URL("../src/api/schema.d.ts", import.meta.url);

const [file] = process.argv.slice(2);
const { openapi, info, components } = JSON.parse(await readFile(file, "utf8"));

/** The schemas that `names` lead to, themselves included. */
function reachable(names) {
  const found = new Set();
  const visit = (name) => {
    if (found.has(name)) return;
    found.add(name);
    const references = JSON.stringify(components.schemas[name]).matchAll(/"#\/components\/schemas\/(\w+)"/g);
    for (const [, next] of references) visit(next);
  };
  names.forEach(visit);
  return [...found].sort();
}

const schemas = Object.fromEntries(reachable(ROOTS).map((name) => [name, components.schemas[name]]));
const nodes = await openapiTS({ openapi, info, paths: {}, components: { schemas } });
const header = "// Written by `npm run api-types` from the fleet's OpenAPI document; do not edit.\n\n";
await writeFile(TARGET, header + astToString(nodes));
