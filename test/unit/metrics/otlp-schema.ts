/** OTLP between JSON and protobuf by protobufjs, which encodes and decodes in a way of its own. */
import { type OtlpForm, otlpForms } from '../../../src/checks/suites/metrics/otlp-forms.js';

const [json, protobuf] = otlpForms as [OtlpForm, OtlpForm];

/** A document of OTLP/JSON in protobuf. */
export function toProtobuf(bytes: Uint8Array): Uint8Array {
  return protobuf.write(json.read(bytes) as object);
}

/** The document of a request, as OTLP/JSON. */
export function toJson(bytes: Uint8Array): Buffer {
  return Buffer.from(json.write(protobuf.read(bytes) as object));
}
