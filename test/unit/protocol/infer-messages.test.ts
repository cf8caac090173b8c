import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datatypes } from '../../../src/protocol/datatype.js';
import { defaultMessageLimits } from '../../../src/protocol/message-limits.js';
import type { DataForm, InferRequest, Tensor } from '../../../src/protocol/tensor.js';
import {
  decodeInferRequest,
  decodeInferResponse,
  encodeInferRequest,
  encodeInferResponse,
} from '../../../src/protocol/wire/infer-messages.js';
import { bits, parameters, tensors } from './arbitraries.js';

const overTheWire = (request: InferRequest): InferRequest =>
  decodeInferRequest(encodeInferRequest(request), defaultMessageLimits);

const requestOf = (inputs: Tensor[], form: DataForm): InferRequest => ({
  modelName: 'm',
  modelVersion: '1',
  id: 'id',
  parameters: {},
  inputs,
  outputs: [],
  form,
});

describe('inference messages over gRPC', () => {
  it.each(['typed', 'raw'] as const)('bring every tensor back bit by bit in %s form', (form) => {
    const allowed = datatypes.filter((datatype) => form === 'raw' || !['FP16', 'BF16'].includes(datatype));
    fc.assert(
      fc.property(fc.array(tensors(allowed), { minLength: 1, maxLength: 3 }), (inputs) => {
        const decoded = overTheWire(requestOf(inputs, form));
        expect(decoded.form).toBe(form);
        expect(decoded.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual(
          inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
        );
        expect(decoded.inputs.map(bits)).toEqual(inputs.map(bits));
      }),
    );
  });

  it('bring responses back', () => {
    fc.assert(
      fc.property(tensors(), parameters, (tensor, given) => {
        const response = {
          modelName: 'm',
          modelVersion: '2',
          id: 'x',
          parameters: given,
          outputs: [tensor],
          form: 'raw' as const,
        };
        const decoded = decodeInferResponse(encodeInferResponse(response), defaultMessageLimits);
        expect(decoded.parameters).toEqual(given);
        expect(decoded).toMatchObject({ modelName: 'm', modelVersion: '2', id: 'x', form: 'raw' });
        expect(decoded.outputs.map(bits)).toEqual([bits(tensor)]);
      }),
    );
  });

  it('carry parameters of every kind, integers exactly', () => {
    const given = {
      flag: false,
      text: '',
      half: 0.5,
      negativeZero: -0,
      small: -3n,
      most: 2n ** 63n - 1n,
      least: -(2n ** 63n),
      unsigned: 2n ** 64n - 1n,
    };
    expect(overTheWire({ ...requestOf([], 'typed'), parameters: given }).parameters).toEqual(given);
  });

  it('send a number without fraction as int64, as other clients do', () => {
    expect(overTheWire({ ...requestOf([], 'typed'), parameters: { priority: 1 } }).parameters).toEqual({
      priority: 1n,
    });
  });

  it('take a parameter called __proto__ as a parameter', () => {
    const given = JSON.parse('{"__proto__":"x"}');
    const { parameters: decoded } = overTheWire({ ...requestOf([], 'typed'), parameters: given });
    expect(Object.keys(decoded)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });

  it('refuse an integer parameter beyond 64 bits before it is sent', () => {
    expect(() => encodeInferRequest({ ...requestOf([], 'typed'), parameters: { big: 2n ** 64n } })).toThrow(
      'parameter "big"',
    );
  });

  it.each(['FP16', 'BF16'] as const)('refuse %s in typed form, which has no field for it', (datatype) => {
    const tensor = { name: 'x', datatype, shape: [1], data: Uint16Array.of(1) };
    expect(() => encodeInferRequest(requestOf([tensor], 'typed'))).toThrow('use raw contents');
  });
});
