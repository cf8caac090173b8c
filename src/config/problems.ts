/** What is wrong with a config: every problem at once, each with its place, what was expected and what was got. */
import type { z } from 'zod';
import { ExitCode, KServeEnvError } from '../errors.js';
import { faultConditions } from '../faults/fault.js';
import { type FaultKind, faultKindNames, faultKinds } from '../faults/kinds.js';
import { modelConfigSchema } from '../models/kinds.js';

/** One thing that is wrong, and where. */
export interface ConfigProblem {
  /** The file, the flag or the environment variable that the value came from. */
  source: string;
  /** 1-based; absent for flags and variables. */
  line?: number;
  /** Dotted path of the value, such as `models.0.factor`; empty for the whole file. */
  path: string;
  expected: string;
  got: string;
}

/** The config cannot be used. Carries every problem that was found. */
export class ConfigError extends KServeEnvError {
  readonly problems: ConfigProblem[];

  /** @param hint what to do about a file that is no config */
  constructor(problems: ConfigProblem[], hint?: string) {
    const [first] = problems;
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super('CONFIG_INVALID', ExitCode.usage, `${first?.source ?? 'The config'} has ${count}\n${render(problems)}`, {
      hint:
        hint ??
        (problems.every(fromOutside)
          ? 'kserve-env up --help says what each flag takes; variables take the same'
          : 'correct the values above; kserve-env init --stdout prints a commented example'),
      details: { problems },
    });
    this.problems = problems;
  }
}

/** A flag or an environment variable, not a file. */
function fromOutside({ source }: ConfigProblem): boolean {
  return /^(--|KSERVE_ENV_)/.test(source);
}

function render(problems: ConfigProblem[]): string {
  return problems
    .map(({ source, line, path, expected, got }) => {
      const place = line === undefined ? source : `${source}:${line}`;
      return printable(`  ${place}  ${path === '' ? '' : `${path}: `}expected ${expected}, got ${got}`);
    })
    .join('\n');
}

/** Keys, and the parser's own words, carry over what stands in the file: it must not drive a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What a mapping may have; of a fault there is more to say. */
function knownKeys(value: unknown): string {
  const kind = isMapping(value) && 'kind' in value ? value.kind : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(faultKinds, kind)) return 'a known key';
  const own = Object.keys(faultKinds[kind as FaultKind].settings);
  return `a setting of ${kind} (${own.length === 0 ? 'it has none' : own.join(', ')}) or a condition (${Object.keys(faultConditions).join(', ')})`;
}

/** A value as shown in a message: JSON, at most 60 characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = jsonOf(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function jsonOf(value: unknown): string {
  // JSON would call NaN and the infinities null.
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // YAML's aliases can make it so.
    return 'a value that contains itself';
  }
}

/** A problem whose place in the sources is not known yet. `keyIssue`: the key itself is wrong, not its value. */
export interface Finding {
  path: PropertyKey[];
  /** A second value that has its part in the problem. */
  otherPath?: PropertyKey[];
  expected: string;
  got: string;
  keyIssue?: boolean;
}

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
