/** `fault scenarios`: the scenarios that are there by name. */
import { readyMadeScenarios } from '../faults/ready-made-scenarios.js';
import type { ScenarioInput } from '../faults/scenario.js';
import { timelineOf } from '../faults/scenario-timeline.js';
import type { CommandContext, CommandResult } from './context.js';
import { openScenario } from './scenario-source.js';

export interface FaultScenariosReport {
  scenarios: {
    name: string;
    description: string;
    lengthMs: number;
    steps: ScenarioInput['steps'];
    repeat?: ScenarioInput['repeat'];
  }[];
}

/** Each with its steps, as a file of its own would have them. */
export async function faultScenarios(
  _options: object,
  { cwd }: CommandContext,
): Promise<CommandResult<FaultScenariosReport>> {
  const all = Object.entries(readyMadeScenarios) as [string, ScenarioInput][];
  const scenarios = await Promise.all(
    all.map(async ([name, input]) => {
      const { scenario } = await openScenario(name, cwd);
      const { lengthMs } = timelineOf(scenario, { speed: 1, seed: 0 });
      const { description = '', steps, repeat } = input;
      return { name, description, lengthMs, steps, ...(repeat && { repeat }) };
    }),
  );
  return { data: { scenarios }, warnings: [] };
}
