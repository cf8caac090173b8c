/** The two values of a config that say which environment is meant. */
import * as z from 'zod';

/** Environment names become container and network names. */
const environmentNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;
const environmentNameExpectation =
  'lower-case letters, digits and "-", at most 48, starting and ending with a letter or digit';

export const environmentName = z
  .string()
  .regex(environmentNamePattern, { error: environmentNameExpectation })
  .optional()
  .describe("Name of the environment; by default made from this file's path, so that two checkouts do not meet.");

export const enginePreference = z
  .enum(['auto', 'docker', 'podman', 'process'])
  .default('auto')
  .describe(
    'What runs the server: a container of Docker or Podman, a local process, or the first of them that is there.',
  );

/** What an environment may be run by, and `auto`. */
export type EnginePreference = z.output<typeof enginePreference>;
