/** What is set from outside the config file: by flags, which stand above variables. */
import type { ConfigProblem, Finding } from './problems.js';

/** Values from the command line, as text, by the flag's name without dashes. */
export interface ConfigFlags {
  config?: string | undefined;
  name?: string | undefined;
  engine?: string | undefined;
  'grpc-port'?: string | undefined;
  'http-port'?: string | undefined;
  timeout?: string | undefined;
  budget?: string | undefined;
  ttl?: string | undefined;
  tls?: string | undefined;
}

/** Where a config may come from. `cwd` is absolute. */
export interface LoadOptions {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  flags: ConfigFlags;
}

/** What may be set from outside the file, by flag and by variable, and where it goes. */
const settings = [
  { flag: 'name', path: ['name'] },
  { flag: 'engine', path: ['engine'] },
  { flag: 'grpc-port', path: ['ports', 'grpc'] },
  { flag: 'http-port', path: ['ports', 'http'] },
  { flag: 'timeout', path: ['timeout'] },
  { flag: 'budget', path: ['budget'] },
  { flag: 'ttl', path: ['ttl'] },
  { flag: 'tls', path: ['tls'] },
] as const;

export interface Override {
  source: string;
  path: readonly string[];
  value: string | number;
}

export function collectOverrides({ env, flags }: LoadOptions): Override[] {
  return settings.flatMap(({ flag, path }) => {
    const variable = `KSERVE_ENV_${flag.toUpperCase().replaceAll('-', '_')}`;
    const fromEnv = env[variable];
    const fromFlag = flags[flag];
    if (fromFlag !== undefined) return [{ source: `--${flag}`, path, value: number(fromFlag, path) }];
    if (fromEnv !== undefined && fromEnv !== '') return [{ source: variable, path, value: number(fromEnv, path) }];
    return [];
  });
}

/** Flags and variables are text; a port is a number. */
function number(text: string, path: readonly string[]): string | number {
  return path[0] === 'ports' && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

export function withOverride(raw: unknown, { path, value }: Override): unknown {
  const [key, ...rest] = path;
  // What the file says of `tls: auto` beside the word stays.
  if (key === undefined) return isRecord(raw) && raw.mode === value ? raw : value;
  if (raw !== undefined && !isRecord(raw)) return raw;
  const inner = raw?.[key];
  return { ...raw, [key]: withOverride(inner, { source: '', path: rest, value }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function locateOverride(
  { path, otherPath }: Finding,
  overrides: Override[],
  problem: ConfigProblem,
): ConfigProblem {
  const at = (place?: PropertyKey[]) => overrides.find((candidate) => candidate.path.join('.') === place?.join('.'));
  const override = at(path) ?? at(otherPath);
  if (override === undefined) return problem;
  const { line: _, ...rest } = problem;
  return { ...rest, source: override.source, path: '' };
}
