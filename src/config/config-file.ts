/** Finds kserve-env.yaml, and names the environment after its place. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { ConfigProblem, Finding } from './problems.js';

/** Name of the config file, looked for here and in every directory above. */
export const configFileName = 'kserve-env.yaml';

/** A config file that was read and is well-formed YAML; an absent file is an empty one. */
export interface ConfigFile {
  /** Absolute; where the file is, or would be. */
  path: string;
  exists: boolean;
  /** Its content as plain values; `{}` if empty or absent. */
  value: unknown;
  /** Adds file and line to a finding. */
  locate(finding: Finding): ConfigProblem;
}

/** The config file that applies in a directory: its own, or that of the nearest directory above. */
export async function findConfigFile(cwd: string): Promise<string | undefined> {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const candidate = join(directory, configFileName);
    if (
      await stat(candidate).then(
        () => true,
        () => false,
      )
    )
      return candidate;
    if (dirname(directory) === directory) return undefined;
  }
}

/** The same path gives the same name, two paths give two: `<directory>-<6 hex digits of the path's hash>`. */
export function defaultEnvironmentName(configPath: string): string {
  const directory = basename(dirname(configPath))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '');
  const hash = createHash('sha256').update(configPath).digest('hex').slice(0, 6);
  return directory === '' ? `env-${hash}` : `${directory}-${hash}`;
}

/** What stands in for a file that is not there. */
export function absentConfigFile(cwd: string): ConfigFile {
  return {
    path: join(resolve(cwd), configFileName),
    exists: false,
    value: {},
    locate: ({ path, expected, got }) => ({ source: 'the defaults', path: path.join('.'), expected, got }),
  };
}
