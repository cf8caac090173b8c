/** The one way to the text of the wire contract; the server's bundle carries that text in place of this file. */
import { readFileSync } from 'node:fs';

/** Text of proto/inference.proto, found two levels above both src/protocol and dist/protocol. */
export function readProto(): string {
  return readFileSync(new URL('../../proto/inference.proto', import.meta.url), 'utf8');
}
