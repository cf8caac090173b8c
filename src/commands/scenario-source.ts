/** Where a scenario comes from: by its name, or from a file. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { findingsOf } from '../config/findings.js';
import { ConfigError } from '../config/problems.js';
import { UsageError } from '../errors.js';
import { type ReadyMadeScenario, readyMadeScenarios } from '../faults/ready-made-scenarios.js';
import { readScenario, type Scenario, type ScenarioInput } from '../faults/scenario.js';

/** What it is called, and what it is. */
export interface NamedScenario {
  title: string;
  scenario: Scenario;
}

/**
 * @param source a name, the path of a YAML file, or the scenario itself
 * @throws UsageError for a name that there is not, ConfigError with every problem of a file, each with its line
 */
export async function openScenario(source: string | ScenarioInput, cwd: string): Promise<NamedScenario> {
  if (typeof source !== 'string') return scenarioOf(source, 'scenario');
  if (Object.hasOwn(readyMadeScenarios, source))
    return scenarioOf(readyMadeScenarios[source as ReadyMadeScenario], source);
  const path = resolve(cwd, source);
  if (!/[./\\]/.test(source) && !(await exists(path))) {
    throw new UsageError(`There is no scenario ${source}`, {
      hint: `take one of ${Object.keys(readyMadeScenarios).join(', ')}, or the path of a file`,
    });
  }
  const { readConfigFile } = await import('../config/read-config-file.js');
  const { value, locate } = await readConfigFile(path, cwd);
  const result = readScenario(value);
  if ('issues' in result) {
    const problems = result.issues.flatMap((issue) => findingsOf(issue, value)).map(locate);
    throw new ConfigError(
      problems.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)),
      'kserve-env fault kinds tells every fault; docs/faults.md has the form of a scenario',
    );
  }
  return { title: result.scenario.name ?? source, scenario: result.scenario };
}

/** @throws UsageError with all that is wrong */
export function scenarioOf(raw: ScenarioInput, title: string): NamedScenario {
  const result = readScenario(raw);
  if ('scenario' in result) return { title: result.scenario.name ?? title, scenario: result.scenario };
  const found = result.issues.flatMap((issue) => findingsOf(issue, raw));
  const problems = found.map(({ path, expected, got }) => `${path.join('.')}: expected ${expected}, got ${got}`);
  throw new UsageError(problems.join('\n'), { details: { problems } });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
