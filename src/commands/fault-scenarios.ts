/** `fault scenarios`: the scenarios that are there by name. */
import { readyMadeScenarios } from '../faults/ready-made-scenarios.js';
import type { ScenarioInput } from '../faults/scenario.js';
import { timelineOf } from '../faults/scenario-timeline.js';
import { scenarioOf } from './scenario-source.js';

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
export function faultScenarios(): FaultScenariosReport {
  const all = Object.entries(readyMadeScenarios) as [string, ScenarioInput][];
  const scenarios = all.map(([name, input]) => {
    const { scenario } = scenarioOf(input, name);
    const { lengthMs } = timelineOf(scenario, { speed: 1, seed: 0 });
    const { description = '', steps, repeat } = input;
    return { name, description, lengthMs, steps, ...(repeat && { repeat }) };
  });
  return { scenarios };
}
