/** Reads OTLP metrics of either format. */
import { OtlpInputError } from './input-error.js';
import { readJsonDocument } from './json/json-document.js';
import type { OtlpDocument, OtlpFormat } from './otlp-document.js';
import { readProtobufDocument } from './protobuf/protobuf-document.js';

/** White space, and the marks that editors put in front of UTF-8. */
const leading = new Set([0x20, 0x0a, 0x0d, 0x09, 0xef, 0xbb, 0xbf]);
const lineFeed = 0x0a;
const brace = 0x7b;

/** JSON where the first character is `{`. */
export function detectFormat(bytes: Uint8Array): OtlpFormat {
  return bytes.find((byte) => !leading.has(byte)) === brace ? 'json' : 'protobuf';
}

/** Throws OtlpInputError for what is no OTLP metrics. @param format told from the content unless given */
export function readDocument(bytes: Uint8Array, format?: OtlpFormat): OtlpDocument {
  assertNotSomethingElse(bytes);
  if (format === 'protobuf') return readProtobufDocument(bytes);
  if (format === 'json') return readJsonDocument(bytes);
  if (detectFormat(bytes) === 'protobuf') return readProtobufDocument(bytes);
  try {
    return readJsonDocument(bytes);
  } catch (error) {
    // A request in protobuf begins with a byte that is a line feed, too, and its length may be that of a brace.
    if (bytes[0] !== lineFeed) throw error;
    try {
      return readProtobufDocument(bytes);
    } catch {
      throw error;
    }
  }
}

function assertNotSomethingElse(bytes: Uint8Array): void {
  if (bytes.byteLength === 0) throw new OtlpInputError('byte 0', 'expected OTLP metrics, got nothing at all');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new OtlpInputError('byte 0', 'expected OTLP metrics, got data compressed with gzip', {
      hint: 'gunzip --stdout FILE | kserve-env metrics --input - ...',
    });
  }
}
