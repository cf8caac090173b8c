/** Floor of REST: node:http that answers each body with itself. Prints {"httpPort": ...}. */
import { serveHttp } from './serve.js';

const kept = ['content-type', 'inference-header-content-length'];

serveHttp((body, asked) => {
  const headers = {};
  for (const name of kept) if (asked[name] !== undefined) headers[name] = asked[name];
  return { body, headers };
});
