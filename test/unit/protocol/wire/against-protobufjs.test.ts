import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noMessageLimits } from '../../../../src/protocol/message-limits.js';
import type { InferRequest, InferResponse } from '../../../../src/protocol/tensor.js';
import {
  decodeInferRequest,
  decodeInferResponse,
  decodeStreamResponse,
  encodeInferRequest,
  encodeInferResponse,
  encodeStreamResponse,
} from '../../../../src/protocol/wire/infer-messages.js';
import { expectedOutcome, outcomeOf, visible } from './expected-values.js';
import { genericMessage } from './generic-messages.js';
import { readByProtobufjs, withNumbers } from './protobufjs-reading.js';
import { readBySpecification, typeOf } from './specification-decoder.js';
import { chooser, lookalikes, numRuns, requests, responses, scattered, spoilt } from './wire-arbitraries.js';

const seeds = fc.nat(2 ** 32 - 1);

const margin = 11;

/** Decodes a copy, since the codec may move data inside a message that it is given, and looks that nothing around it was. */
function inItsOwn<T>(bytes: Uint8Array, decode: (own: Uint8Array) => T): T {
  const memory = new Uint8Array(bytes.byteLength + 2 * margin).fill(0xa5);
  memory.set(bytes, margin);
  try {
    return decode(memory.subarray(margin, margin + bytes.byteLength));
  } finally {
    const around = [...memory.subarray(0, margin), ...memory.subarray(margin + bytes.byteLength)];
    expect(around.every((byte) => byte === 0xa5)).toBe(true);
  }
}

const sides = {
  request: {
    type: 'ModelInferRequest',
    role: 'input',
    values: requests as fc.Arbitrary<InferRequest | InferResponse>,
    decode: (bytes: Uint8Array) => inItsOwn(bytes, (own) => decodeInferRequest(own, noMessageLimits)),
    encode: (value: InferRequest | InferResponse) => encodeInferRequest(value as InferRequest),
  },
  response: {
    type: 'ModelInferResponse',
    role: 'output',
    values: responses as fc.Arbitrary<InferRequest | InferResponse>,
    decode: (bytes: Uint8Array) => inItsOwn(bytes, (own) => decodeInferResponse(own, noMessageLimits)),
    encode: (value: InferRequest | InferResponse) => encodeInferResponse(value as InferResponse),
  },
} as const;

describe.each(Object.entries(sides))(
  'the codec of an inference %s',
  (_name, { type, role, values, decode, encode }) => {
    /** The codec says what the specification says, and protobufjs too where it follows that. */
    const holdAgainst = (bytes: Uint8Array): void => {
      const { message, departures } = readBySpecification(typeOf(type), bytes);
      expect(outcomeOf(() => decode(bytes))).toEqual(expectedOutcome(role, message));
      if (departures.size > 0) return;
      expect(readByProtobufjs(typeOf(type), bytes)).toEqual(message && withNumbers(typeOf(type), message));
    };

    it('reads what protobufjs writes, in any order, packed or not, in parts, with unknown fields between', () => {
      fc.assert(
        fc.property(values, seeds, (value, seed) => {
          const bytes = scattered(type, genericMessage(value), chooser(seed));
          const decoded = outcomeOf(() => decode(bytes));
          const { message } = readBySpecification(typeOf(type), bytes);
          expect(decoded).toEqual(expectedOutcome(role, message));
          // JavaScript numbers, which protobufjs writes from, do not hold the payload of every NaN.
          expect(withoutNaN(decoded)).toEqual(withoutNaN({ value: visible(value) }));
        }),
        { numRuns },
      );
    });

    it('says of spoilt messages what the specification and protobufjs say', () => {
      fc.assert(
        fc.property(values, seeds, (value, seed) => {
          const choose = chooser(seed);
          const bytes = choose(2) === 0 ? encode(value) : scattered(type, genericMessage(value), choose);
          holdAgainst(spoilt(bytes, choose));
        }),
        { numRuns: numRuns * 5 },
      );
    });

    it('says of a message that is cut off anywhere what they say', () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(value);
          for (let length = Math.max(0, bytes.length - 200); length < bytes.length; length++) {
            holdAgainst(bytes.subarray(0, length));
          }
        }),
        { numRuns: Math.ceil(numRuns / 20) },
      );
    });

    it('says of any bytes what they say', () => {
      fc.assert(fc.property(fc.oneof(lookalikes, fc.uint8Array({ maxLength: 60 })), holdAgainst), {
        numRuns: numRuns * 5,
      });
    });

    it('writes what protobufjs reads as the same value, every bit of it', () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(value);
          const { message, departures } = readBySpecification(typeOf(type), bytes);
          expect([...departures]).toEqual([]);
          expect(expectedOutcome(role, message)).toEqual({ value: visible(value) });
          expect(readByProtobufjs(typeOf(type), bytes)).toEqual(message && withNumbers(typeOf(type), message));
          expect(outcomeOf(() => decode(bytes))).toEqual({ value: visible(value) });
        }),
        { numRuns },
      );
    });
  },
);

describe('the answer of a stream', () => {
  it('is what protobufjs reads: an error, a response, or both', () => {
    const type = typeOf('ModelStreamInferResponse');
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.option(responses, { nil: undefined }),
        (errorMessage, response) => {
          const bytes = encodeStreamResponse({ errorMessage, ...(response && { response }) });
          const { message, departures } = readBySpecification(type, bytes);
          expect([...departures]).toEqual([]);
          expect(message?.error_message ?? '').toBe(errorMessage);
          expect(message?.infer_response === undefined).toBe(response === undefined);
          if (response) {
            const nested = message?.infer_response as Record<string, unknown>;
            expect(expectedOutcome('output', nested)).toEqual({ value: visible(response) });
          }
          expect(readByProtobufjs(type, bytes)).toEqual(message && withNumbers(type, message));
          const decoded = decodeStreamResponse(Buffer.from(bytes), noMessageLimits);
          expect(decoded.errorMessage ?? '').toBe(errorMessage);
          expect(decoded.response && visible(decoded.response)).toEqual(response && visible(response));
        },
      ),
      { numRuns },
    );
  });
});

/** An outcome with one NaN for all, of either width. */
function withoutNaN(outcome: object): object {
  const text = JSON.stringify(outcome, (_key, value) =>
    typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : value,
  );
  return JSON.parse(text, (_key, value) => {
    if (value?.array !== 'Float64Array' && value?.array !== 'Float32Array') return value;
    const bytes = Buffer.from(value.bytes[0], 'hex');
    const wide = value.array === 'Float64Array';
    const numbers = Array.from({ length: bytes.length / (wide ? 8 : 4) }, (_item, index) =>
      String(wide ? bytes.readDoubleLE(index * 8) : bytes.readFloatLE(index * 4)),
    );
    return { ...value, bytes: numbers };
  });
}
