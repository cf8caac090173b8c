/** Finds out which environment is meant, without the rest of the config: most commands need no more. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { absentConfigFile, type ConfigFile, defaultEnvironmentName, findConfigFile } from './config-file.js';
import { type EnginePreference, enginePreference, environmentName } from './name-schema.js';
import { collectOverrides, type LoadOptions, locateOverride, withOverride } from './overrides.js';
import { ConfigError } from './problems.js';

const typedSchema = z.strictObject({ name: environmentName, engine: enginePreference });

/** What can be made out in a file that may be broken in any way. */
const lenientSchema = z
  .object({ name: environmentName.catch(undefined), engine: enginePreference.catch('auto') })
  .catch({ name: undefined, engine: 'auto' });

/**
 * Only the environment's name and engine, read as leniently as can be: `down` must work with a broken config.
 * `engineTyped`: the engine was given by flag or variable, not by the file.
 */
export async function loadName(
  options: LoadOptions,
): Promise<{ name: string; path: string; engine: EnginePreference; engineTyped: boolean }> {
  const overrides = collectOverrides(options);
  const file = await openConfigFile(options).catch(() => undefined);
  const path = file?.path ?? (await configPath(options)) ?? absentConfigFile(options.cwd).path;
  // What was typed on purpose must not be replaced by a guess: another environment would be meant.
  const typed = overrides.reduce<unknown>(withOverride, {}) as { name?: unknown; engine?: unknown };
  const asked = typedSchema.safeParse({ name: typed.name, engine: typed.engine });
  if (!asked.success) {
    const { findingsOf } = await import('./findings.js');
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

/** The file that is named, else the one that is found; a default config where there is none. @throws ConfigError */
export async function openConfigFile(options: LoadOptions): Promise<ConfigFile> {
  const path = await configPath(options);
  if (path === undefined) return absentConfigFile(options.cwd);
  const { readConfigFile } = await import('./read-config-file.js');
  return await readConfigFile(path, options.cwd);
}
