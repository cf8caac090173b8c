/** What zod's issues say, in the words of a config: what was expected, and what was got. */
import type { z } from 'zod';
import { faultConditions } from '../faults/fault.js';
import { type FaultKind, faultKindNames, faultKinds } from '../faults/kinds.js';
import { modelConfigSchema } from '../models/kinds.js';
import { type Finding, show } from './problems.js';

/** The findings of one zod issue; unknown keys give one each. */
export function findingsOf(issue: z.core.$ZodIssue, root: unknown): Finding[] {
  const value = valueAt(root, issue.path);
  const got = issue.path[0] === 'auth' ? withoutTexts(value) : show(value);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      expected: knownKeys(value),
      got: show(key),
      keyIssue: true,
    }));
  }
  const meant = issue.code === 'invalid_union' && isMapping(value) ? nearest(issue.errors) : undefined;
  if (meant) {
    return meant.flatMap((inner) => findingsOf({ ...inner, path: [...issue.path, ...inner.path] }, root));
  }
  return [{ path: issue.path, expected: expectation(issue), got }];
}

/** What a mapping may have; of a fault there is more to say. */
function knownKeys(value: unknown): string {
  const kind = isMapping(value) && 'kind' in value ? value.kind : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(faultKinds, kind)) return 'a known key';
  const own = Object.keys(faultKinds[kind as FaultKind].settings);
  return `a setting of ${kind} (${own.length === 0 ? 'it has none' : own.join(', ')}) or a condition (${Object.keys(faultConditions).join(', ')})`;
}

/** Of a union's branches that take a mapping, the one that the value comes next to. */
function nearest(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const count = (issues: z.core.$ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  const ofMappings = branches.filter((issues) =>
    issues.every((issue) => issue.path.length > 0 || ['unrecognized_keys', 'custom'].includes(issue.code)),
  );
  return ofMappings.sort((one, other) => count(one) - count(other))[0];
}

/** What stands there may be a secret, put in the wrong place. */
function withoutTexts(value: unknown): string {
  if (typeof value === 'string') return 'a text that is not shown';
  if (Array.isArray(value)) return 'a list';
  return isMapping(value) && Object.keys(value).length > 0 ? Object.keys(value).join(', ') : show(value);
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      // Zod's own words begin so; others are the schema's, and say more than the type.
      if (!issue.message.startsWith('Invalid input')) return issue.message;
      return issue.expected === 'int' ? 'a whole number' : article(issue.expected);
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `${issue.origin === 'array' ? 'at least' : 'a value of at least'} ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `${issue.origin === 'array' ? 'at most' : 'a value of at most'} ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_union':
      return issue.discriminator === 'kind' ? `one of ${kindsAt(issue.path).join(', ')}` : issue.message;
    default:
      return issue.message;
  }
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function unit(origin: string): string {
  return origin === 'array' ? ' items' : origin === 'string' ? ' characters' : '';
}

/** Models have kinds, and so have faults. */
function kindsAt([place]: PropertyKey[]): readonly string[] {
  if (place !== 'models') return faultKindNames;
  return modelConfigSchema.options.flatMap((option) => [...option.shape.kind.values]);
}

function valueAt(root: unknown, path: PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
