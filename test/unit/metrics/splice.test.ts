/** Whatever else is in a document, every byte of it stays: white space, spelling of numbers, fields that nobody knows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../../src/metrics/read-document.js';
import { runRules } from '../../../src/metrics/run-rules.js';
import { answering, doubled, type Json } from './otlp.js';
import { toJson } from './otlp-schema.js';

const description = 'Inference result of model m';
const rules = [
  { model: 'm', metrics: ['a'] },
  { model: 'm', metrics: ['b', 'a'], mode: { kind: 'all' as const }, per: 'series' as const },
];

async function run(bytes: Uint8Array) {
  return await runRules({ bytes, rules, client: answering(doubled).client });
}

const space = fc.constantFrom('', ' ', '\n  ', '\t', '\r\n');
const name = fc.constantFrom('a', 'b', 'other', 'é"\\');

/** JSON text with white space wherever it may be. */
function spaced(value: Json): fc.Arbitrary<string> {
  if (Array.isArray(value)) return joined('[', value.map(spaced), ']');
  if (typeof value !== 'object' || value === null) return fc.constant(JSON.stringify(value));
  if ('raw' in value) return fc.constant(value.raw);
  const members = Object.entries(value).map(([key, member]) =>
    fc.tuple(space, spaced(member)).map(([gap, text]) => `${JSON.stringify(key)}:${gap}${text}`),
  );
  return joined('{', members, '}');
}

function joined(open: string, items: fc.Arbitrary<string>[], close: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.tuple(...items), fc.array(space, { minLength: 2, maxLength: 2 }))
    .map(([texts, [before, after]]) => {
      return `${open}${before}${texts.join(`${before},${after}`)}${after}${close}`;
    });
}

const attribute = fc.record({
  key: fc.constantFrom('k', 'l'),
  value: fc.record({ stringValue: fc.string({ unit: 'grapheme' }) }),
});
const unknown = fc.option(
  fc.dictionary(fc.constantFrom('x-new', 'exemplars', 'metadata'), fc.jsonValue({ maxDepth: 2 })),
  { nil: {} },
);
const numbers = fc.constantFrom('1.50', '1e2', '-0', '"NaN"', '0.1000', '"7"').map((raw) => ({ raw }));
const dataPoint = fc
  .tuple(fc.array(attribute, { maxLength: 2 }), fc.integer({ min: 0, max: 3 }), numbers, unknown)
  .map(([attributes, time, asDouble, more]) => ({ attributes, ...more, timeUnixNano: { raw: `"${time}"` }, asDouble }));
const metric = fc.tuple(name, fc.array(dataPoint, { maxLength: 3 }), unknown).map(([metricName, dataPoints, more]) => {
  return { ...more, name: metricName, gauge: { dataPoints } };
});
const list = (items: fc.Arbitrary<Json>) => fc.array(items, { maxLength: 3 });
const scope = fc.tuple(list(metric), unknown).map(([metrics, more]) => ({ metrics, ...more }));
const resource = fc.tuple(list(scope), list(attribute), fc.boolean()).map(([scopeMetrics, attributes, last]) => {
  return last ? { scopeMetrics, resource: { attributes } } : { resource: { attributes }, scopeMetrics, schemaUrl: '' };
});
const documents = fc
  .array(
    list(resource).chain((resourceMetrics) => spaced({ resourceMetrics })),
    { minLength: 1, maxLength: 3 },
  )
  .map((texts) => Buffer.from(texts.join('\n')));

describe('a document in JSON', () => {
  it('comes out as it went in, once what was inserted is taken away', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(documents, async (input) => {
        const { output, report } = await run(input);
        expect(withoutNewText(output.toString())).toBe(input.toString());
        expect(report.originals.unchanged).toBe(true);
        // What was inserted is well-formed, and found again.
        const before = readDocument(input).metrics.length;
        const added = report.rules.reduce((sum, { newMetrics }) => sum + newMetrics, 0);
        seen += added;
        expect(readDocument(output).metrics).toHaveLength(before + added);
      }),
      { numRuns: 100 },
    );
    expect(seen).toBeGreaterThan(20);
  });

  it('keeps what is no UTF-8', async () => {
    const text =
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","unit":"\u00ff\u00fe","gauge":{"dataPoints":[{"asInt":1}]}}]}]}]}';
    const input = Buffer.from(text, 'latin1');
    const { output } = await run(input);
    expect(output.subarray(0, 100)).toEqual(input.subarray(0, 100));
  });

  it('has new metrics indented as the last one is', async () => {
    const text =
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[\n    {"name":"a","gauge":{"dataPoints":[{"asInt":1}]}}\n  ]}]}]}';
    const { output } = await run(Buffer.from(text));
    expect(Buffer.from(output).toString()).toContain('},\n    {"name":"a.out"');
  });
});

/** Takes away the new metrics: what begins as they do, up to its closing brace, with the comma and the space in front. */
function withoutNewText(text: string): string {
  const begin = new RegExp(`(,?)([ \\n\\r\\t]*)\\{"name":"[^"]*","description":"${description}"`);
  for (let rest = text; ; ) {
    const found = begin.exec(rest);
    if (!found) return rest;
    let depth = 0;
    let end = found.index + (found[1] as string).length + (found[2] as string).length;
    do {
      const char = rest.charAt(end);
      if (char === '"') end += (/^"(?:[^"\\]|\\.)*"/.exec(rest.slice(end))?.[0].length ?? 1) - 1;
      else if (char === '{') depth++;
      else if (char === '}') depth--;
      end++;
    } while (depth > 0);
    rest = rest.slice(0, found.index) + rest.slice(end);
  }
}

describe('a document in protobuf', () => {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  const field = (number: number, bytes: Iterable<number>) => {
    const content = [...bytes];
    return [...varint(number * 8 + 2), ...varint(content.length), ...content];
  };
  const text = (number: number, value: string) => field(number, Buffer.from(value));
  const strange = fc.oneof(
    fc
      .tuple(fc.integer({ min: 50, max: 3000 }), fc.uint8Array({ maxLength: 200 }))
      .map(([number, bytes]) => field(number, bytes)),
    fc.integer({ min: 50, max: 70 }).map((number) => [...varint(number * 8), 0x85, 0x00]),
    fc.integer({ min: 50, max: 70 }).map((number) => [...varint(number * 8 + 1), 1, 2, 3, 4, 5, 6, 7, 8]),
    fc.integer({ min: 50, max: 70 }).map((number) => [...varint(number * 8 + 3), 0x08, 1, ...varint(number * 8 + 4)]),
  );
  /** Fields in any order, some of them unknown. */
  const message = (...fields: fc.Arbitrary<number[][]>[]) =>
    fc
      .tuple(...fields, fc.array(strange, { maxLength: 2 }))
      .chain((all) => fc.shuffledSubarray(all.flat(), { minLength: all.flat().length }))
      .map((all) => all.flat());
  const many = (number: number, inner: fc.Arbitrary<number[]>) =>
    fc.array(inner, { maxLength: 3 }).map((messages) => messages.map((one) => field(number, one)));
  const one = (number: number, inner: fc.Arbitrary<number[]>) => inner.map((content) => [field(number, content)]);
  const attributes = (number: number) =>
    many(
      number,
      fc.constantFrom('k', 'l').map((key) => [...text(1, key), ...field(2, text(1, 'v'.repeat(90)))]),
    );
  const number = fc.double().map((value) => [[0x21, ...Buffer.from(Float64Array.of(value).buffer)]]);
  const time = fc.integer({ min: 0, max: 3 }).map((value) => [[0x19, value, 0, 0, 0, 0, 0, 0, 0]]);
  const metrics = message(
    fc.constantFrom('a', 'b', 'c').map((value) => [text(1, value)]),
    one(5, message(many(1, message(attributes(7), number, time)))),
  );
  const scopes = message(many(2, metrics));
  const resources = message(many(2, scopes), one(1, message(attributes(1))));
  const requests = message(many(1, resources))
    .filter((bytes) => bytes.length > 0)
    .map((bytes) => Buffer.from(bytes));

  /** The same without new metrics: lengths are written anew, all else is copied. */
  function withoutNew(bytes: Buffer, path: number[]): number[] {
    const kept: number[] = [];
    let position = 0;
    const read = () => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[position++] as number;
        value += (byte & 127) * 2 ** shift;
        if (byte < 128) return value;
      }
    };
    while (position < bytes.length) {
      const start = position;
      const tag = read();
      const type = tag % 8;
      if (type === 2) {
        const length = read();
        const content = bytes.subarray(position, position + length);
        position += length;
        const [next, ...deeper] = path;
        if (tag !== next) kept.push(...bytes.subarray(start, position));
        else if (deeper.length > 0) kept.push(...field(tag >> 3, withoutNew(content, deeper)));
        else if (!content.includes(description)) kept.push(...bytes.subarray(start, position));
      } else {
        if (type === 0) read();
        else if (type === 1) position += 8;
        else if (type === 3) {
          // A group of the generator has one varint in it.
          position += 2;
          read();
        }
        kept.push(...bytes.subarray(start, position));
      }
    }
    return kept;
  }

  it('comes out as it went in, once what was inserted is taken away', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(requests, async (input) => {
        const { output, report } = await runRules({
          bytes: input,
          format: 'protobuf',
          rules,
          client: answering(doubled).client,
        });
        expect(withoutNew(Buffer.from(output), [0x0a, 0x12, 0x12])).toEqual([...input]);
        expect(report.originals.unchanged).toBe(true);
        const added = report.rules.reduce((sum, { newMetrics }) => sum + newMetrics, 0);
        seen += added;
        expect(toJson(output).toString().split(description)).toHaveLength(added + 1);
      }),
      { numRuns: 100 },
    );
    expect(seen).toBeGreaterThan(20);
  });
});
