/** Loads the config: flags over environment variables over the file over the defaults. */
import { defaultEnvironmentName } from './config-file.js';
import { findingsOf } from './findings.js';
import { openConfigFile } from './load-name.js';
import { collectOverrides, type LoadOptions, locateOverride, withOverride } from './overrides.js';
import { ConfigError, type Finding } from './problems.js';
import { checkRules } from './rules.js';
import { type Config, configSchema } from './schema.js';

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
