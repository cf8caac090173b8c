/** Loads the config: flags over environment variables over the file over the defaults. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { absentConfigFile, type ConfigFile, defaultEnvironmentName, findConfigFile } from './config-file.js';
import { ConfigError, type ConfigProblem, type Finding, findingsOf } from './problems.js';
import { checkRules } from './rules.js';
import { type Config, configSchema } from './schema.js';

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

/** A config that holds, and where it came from. */
export interface LoadedConfig {
  config: Config;
  /** Name of the environment. */
  name: string;
  /** Absolute path of the file, whether it exists or not: the default name comes from it. */
  path: string;
  exists: boolean;
  /** Dotted paths of the values that came from a flag or a variable. */
  setOutside: string[];
  /** The error for what is found wrong later: it tells the place of each value. */
  errorOf(findings: Finding[]): ConfigError;
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

/** What can be made out in a file that may be broken in any way. */
const lenientSchema = z
  .object({ name: configSchema.shape.name.catch(undefined), engine: configSchema.shape.engine.catch('auto') })
  .catch({ name: undefined, engine: 'auto' });

interface Override {
  source: string;
  path: readonly string[];
  value: string | number;
}

/**
 * @throws ConfigError with every problem of file, variables and flags
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const file = await openConfigFile(options);
  const overrides = collectOverrides(options);
  const raw = overrides.reduce(withOverride, file.value);

  const parsed = configSchema.safeParse(raw);
  const findings = [...(parsed.error?.issues ?? []).flatMap((issue) => findingsOf(issue, raw)), ...checkRules(raw)];
  const errorOf = (wrong: Finding[]) => {
    const problems = wrong.map((finding) => locateOverride(finding, overrides, file.locate(finding)));
    // In the order in which they are met when reading the file.
    return new ConfigError(problems.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)));
  };
  if (!parsed.success || findings.length > 0) throw errorOf(findings);
  const config = parsed.data;
  const { path, exists } = file;
  const setOutside = overrides.map((override) => override.path.join('.'));
  return { config, name: config.name ?? defaultEnvironmentName(path), path, exists, setOutside, errorOf };
}

/**
 * Only the environment's name and engine, read as leniently as can be: `down` must work with a broken config.
 * `engineTyped`: the engine was given by flag or variable, not by the file.
 */
export async function loadName(
  options: LoadOptions,
): Promise<{ name: string; path: string; engine: Config['engine']; engineTyped: boolean }> {
  const overrides = collectOverrides(options);
  const file = await openConfigFile(options).catch(() => undefined);
  const path = file?.path ?? (await configPath(options)) ?? absentConfigFile(options.cwd).path;
  // What was typed on purpose must not be replaced by a guess: another environment would be meant.
  const typed = overrides.reduce<unknown>(withOverride, {}) as { name?: unknown; engine?: unknown };
  const asked = configSchema.pick({ name: true, engine: true }).safeParse({ name: typed.name, engine: typed.engine });
  if (!asked.success) {
    const findings = asked.error.issues.flatMap((issue) => findingsOf(issue, typed));
    const { locate } = absentConfigFile(options.cwd);
    throw new ConfigError(findings.map((finding) => locateOverride(finding, overrides, locate(finding))));
  }
  const written = lenientSchema.parse(file?.value);
  const name = asked.data.name ?? written.name ?? defaultEnvironmentName(path);
  const engineTyped = typed.engine !== undefined;
  return { name, path, engine: engineTyped ? asked.data.engine : written.engine, engineTyped };
}

async function configPath({ cwd, env, flags }: LoadOptions): Promise<string | undefined> {
  const given = flags.config ?? env.KSERVE_ENV_CONFIG;
  return given === undefined || given === '' ? findConfigFile(cwd) : resolve(cwd, given);
}

async function openConfigFile(options: LoadOptions): Promise<ConfigFile> {
  const path = await configPath(options);
  if (path === undefined) return absentConfigFile(options.cwd);
  const { readConfigFile } = await import('./read-config-file.js');
  return await readConfigFile(path, options.cwd);
}

function collectOverrides({ env, flags }: LoadOptions): Override[] {
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

function withOverride(raw: unknown, { path, value }: Override): unknown {
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

function locateOverride({ path, otherPath }: Finding, overrides: Override[], problem: ConfigProblem): ConfigProblem {
  const at = (place?: PropertyKey[]) => overrides.find((candidate) => candidate.path.join('.') === place?.join('.'));
  const override = at(path) ?? at(otherPath);
  if (override === undefined) return problem;
  const { line: _, ...rest } = problem;
  return { ...rest, source: override.source, path: '' };
}
