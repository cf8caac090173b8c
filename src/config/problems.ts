/** What is wrong with a config: every problem at once, each with its place, what was expected and what was got. */
import { ExitCode, KServeEnvError } from '../errors.js';

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
