import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument, visit } from 'yaml';
import { configJsonSchema, configSchema } from '../../../src/config/schema.js';

const text = readFileSync(new URL('../../../templates/kserve-env.yaml', import.meta.url), 'utf8');

describe('the starter config', () => {
  it('shows exactly the defaults', () => {
    expect(configSchema.parse(parse(text))).toEqual(configSchema.parse({}));
  });

  it('shows every section and every value of a section that has a default', () => {
    const shown = parse(text) as Record<string, object>;
    const defaults = configSchema.parse({}) as Record<string, unknown>;
    expect(Object.keys(shown).sort()).toEqual(Object.keys(defaults).sort());
    for (const section of ['image', 'ports', 'resources', 'server']) {
      expect(Object.keys(shown[section] ?? {})).toEqual(Object.keys(defaults[section] as object));
    }
  });

  it('is valid with its commented-out values, too', () => {
    const whole = text.replace(/^# (name: )/m, '$1');
    expect(configSchema.parse(parse(whole))).toMatchObject({ name: 'my-inference' });
  });

  it('has a comment on every section', () => {
    const bare: string[] = [];
    visit(parseDocument(text), {
      Map(_, map, path) {
        if (path.length === 1) for (const { key } of map.items) bare.push(String(key));
      },
    });
    for (const key of bare.filter(
      (name) => name !== 'version' && name !== 'image' && name !== 'server' && name !== 'budget',
    )) {
      expect(text).toMatch(new RegExp(`#.*\\n${key}:`));
    }
  });
});

interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  additionalProperties?: boolean;
  required?: string[];
}

/** What a value lacks to fit a schema, for the words that this schema uses; ours is checked with it, not relied on. */
function misfits(schema: JsonSchema, value: unknown, path = ''): string[] {
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches) return branches.some((branch) => misfits(branch, value).length === 0) ? [] : [`${path}: no branch`];
  if (schema.const !== undefined) return schema.const === value ? [] : [`${path}: not ${schema.const}`];
  if (schema.enum) return schema.enum.includes(value) ? [] : [`${path}: not one of ${schema.enum}`];
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return [`${path}: no array`];
    return value.flatMap((item, index) => misfits(schema.items ?? {}, item, `${path}.${index}`));
  }
  if (schema.type === 'object') {
    if (typeof value !== 'object' || value === null) return [`${path}: no object`];
    const missing = (schema.required ?? []).filter((key) => !(key in value)).map((key) => `${path}.${key}: missing`);
    const inner = Object.entries(value).flatMap(([key, entry]) => {
      const property = schema.properties?.[key];
      return property ? misfits(property, entry, `${path}.${key}`) : [`${path}.${key}: unknown`];
    });
    return [...missing, ...inner];
  }
  const actual = Number.isInteger(value) && schema.type === 'integer' ? 'integer' : typeof value;
  return schema.type === undefined || schema.type === actual ? [] : [`${path}: not a ${schema.type}`];
}

describe('the JSON Schema for editors', () => {
  const schema = configJsonSchema() as unknown as JsonSchema & { $schema: string };

  it('accepts the starter config', () => {
    expect(misfits(schema, parse(text))).toEqual([]);
  });

  it('accepts an empty config, since everything has a default', () => {
    expect(misfits(schema, {})).toEqual([]);
    expect(schema.required ?? []).toEqual([]);
  });

  it.each([
    { what: 'an unknown key', value: { engin: 'docker' }, misfit: '.engin: unknown' },
    {
      what: 'an engine that is none',
      value: { engine: 'k8s' },
      misfit: '.engine: not one of auto,docker,podman,process',
    },
    { what: 'a model of no kind', value: { models: [{ name: 'a' }] }, misfit: '.models.0: no branch' },
  ])('refuses $what', ({ value, misfit }) => {
    expect(misfits(schema, value)).toEqual([misfit]);
  });

  it('knows no other key than the config, and explains each of them', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(Object.keys(schema.properties ?? {}).sort()).toEqual(Object.keys(configSchema.shape).sort());
    expect(schema.additionalProperties).toBe(false);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const values = property.properties ? Object.values(property.properties) : [property];
      for (const { description } of values) expect(description, name).toBeTruthy();
    }
  });
});
