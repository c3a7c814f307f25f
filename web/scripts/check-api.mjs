// Fails when src/api/schema.d.ts is not what the server's OpenAPI document says.
import { readFileSync } from 'node:fs';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';

const source = new URL('../../internal/api/openapi.json', import.meta.url);
const fresh = COMMENT_HEADER + astToString(await openapiTS(source));
const kept = readFileSync(new URL('../src/api/schema.d.ts', import.meta.url), 'utf8');
if (fresh !== kept) {
  console.error('src/api/schema.d.ts is stale: run `npm run gen` and commit the result.');
  process.exit(1);
}
