import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  differences,
  type EnvironmentSpec,
  instanceSpec,
  setOutsideOfLabels,
  specOfLabels,
} from '../../../src/environment/spec.js';
import { serverConfigSchema, serverConfigVariable } from '../../../src/models/server-config.js';
import { desired } from './desired.js';

const labelsOf = (spec: EnvironmentSpec) => instanceSpec('mine', spec, {}).labels;
const specLabel = Object.keys(labelsOf(desired)).find((name) => name.endsWith('spec')) ?? '';

describe('a spec in labels', () => {
  it('comes back as it went', () => {
    expect(specOfLabels(labelsOf(desired))).toEqual(desired);
  });

  it('is what the server is told, too', () => {
    const told = JSON.parse(instanceSpec('mine', desired, {}).env[serverConfigVariable] ?? '') as unknown;
    expect(serverConfigSchema.parse(told)).toEqual(desired.server);
  });

  it('goes with the paths that were set outside the file', () => {
    const setOutside = ['ports.grpc', 'timeout'];
    expect(setOutsideOfLabels(instanceSpec('mine', desired, { setOutside }).labels)).toEqual(setOutside);
    expect(setOutsideOfLabels(labelsOf(desired))).toEqual([]);
  });

  it.each([
    { what: 'none', text: undefined },
    { what: 'no JSON', text: '{' },
    { what: 'null', text: 'null' },
    { what: 'an empty object', text: '{}' },
    { what: 'a list', text: '[]' },
    { what: 'no image', text: JSON.stringify({ ...desired, image: undefined }) },
    { what: 'a port that is none', text: JSON.stringify({ ...desired, ports: { grpc: 'x', http: 1 } }) },
    { what: 'models that are none', text: JSON.stringify({ ...desired, server: { models: [null] } }) },
    { what: 'a model of an unknown kind', text: JSON.stringify({ ...desired, server: { models: [{ name: 'a' }] } }) },
  ])('that is $what is told apart from ours', ({ text }) => {
    const labels = { ...labelsOf(desired), [specLabel]: text } as Record<string, string>;
    expect(specOfLabels(labels)).toBeUndefined();
  });

  it('never makes a command fail, whatever is in the label', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(specOfLabels({ [specLabel]: text })).toBeUndefined();
      }),
    );
  });
});

/** Any JSON of the depth that a spec has; keys without dots, since paths are dotted. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, 'a', 'b'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('x', 'y', 'z', '__proto__'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

describe('differences', () => {
  const between = (one: unknown, other: unknown) => differences(one as EnvironmentSpec, other as EnvironmentSpec);

  it('are none between a spec and itself, or its copy', () => {
    fc.assert(
      fc.property(json, (spec) => {
        expect(between(spec, spec)).toEqual([]);
        expect(between(structuredClone(spec), spec)).toEqual([]);
      }),
    );
    expect(between(JSON.parse(JSON.stringify(desired)), desired)).toEqual([]);
  });

  it('are some between two that differ, the same number both ways', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(between(one, other).length === 0).toBe(same);
        expect(between(other, one)).toHaveLength(between(one, other).length);
      }),
    );
  });

  it('name every leaf that changed, and no other', () => {
    const leaves = leavesOf(desired);
    fc.assert(
      fc.property(fc.subarray(leaves), (changed) => {
        const copy = structuredClone(desired);
        for (const path of changed) setAt(copy, path, 'changed');
        const named = between(copy, desired).map((line) => line.split(': ')[0]);
        expect(named.sort()).toEqual(changed.map((path) => path.join('.')).sort());
      }),
    );
  });

  it('tell what was and what will be', () => {
    const factor3 = structuredClone(desired);
    Object.assign(factor3.server.models[0] ?? {}, { factor: 3 });
    expect(between(factor3, desired)).toEqual(['server.models.0.factor: 2 → 3']);
    const fewer = structuredClone(desired);
    fewer.server.models.pop();
    expect(between(fewer, desired)).toContain('server.models.6.name: "typed_scaler" → none');
  });
});

/** With keys in order, which is no difference. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return { entries: entries.map(([key, inner]) => [key, sorted(inner)]) };
}

function leavesOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

function setAt(target: unknown, [key = '', ...rest]: string[], value: unknown): void {
  const holder = target as Record<string, unknown>;
  if (rest.length === 0) holder[key] = value;
  else setAt(holder[key], rest, value);
}
