// Writes songwright.d.ts, the types of a running service, from its OpenAPI document.

import { writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const service = (process.env.SONGWRIGHT_URL ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
const types = await openapiTS(new URL(`${service}/openapi.json`), { defaultNonNullable: false });
await writeFile("songwright.d.ts", astToString(types));
