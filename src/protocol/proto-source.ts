/** The one way to the text of the wire contract; the server's bundle carries that text in place of this file. */
import { readFileSync } from 'node:fs';

/**
 * Text of a file of proto/, by the path that protobuf knows it by. The directory lies two levels above both
 * src/protocol and dist/protocol.
 */
export function readProto(path = 'inference.proto'): string {
  return readFileSync(new URL(`../../proto/${path}`, import.meta.url), 'utf8');
}
