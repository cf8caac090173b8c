/** Which models a metrics pipeline can use: those that take vectors of doubles. */
import { CaseSkipped, type Transport } from '../../case.js';
import type { Probe } from '../../probe.js';
import type { ModelProfile, ServerProfile } from '../../profile.js';
import { refusalOf } from '../../verdict.js';

const isDoubles = ({ datatype, shape }: { datatype: string; shape: readonly number[] }) =>
  (datatype === 'FP64' || datatype === 'ANY') && shape.length === 1 && shape[0] === -1;

/**
 * Models with so many inputs, all of them vectors of doubles, and a sample that they took; the best known first. Those of
 * ours that are told to be strict about names are for other clients: a pipeline names inputs after its metrics.
 */
export function vectorModels({ models }: ServerProfile, inputs: number): ModelProfile[] {
  const fitting = models.filter(({ metadata, sample, config }) => {
    if (config?.strictInputs) return false;
    return sample !== undefined && metadata.inputs.length === inputs && metadata.inputs.every(isDoubles);
  });
  const rank = ({ mathematics, metadata }: ModelProfile) =>
    (mathematics?.kind === 'scale' ? 0 : mathematics ? 1 : 2) + (metadata.inputs[0]?.datatype === 'FP64' ? 0 : 0.5);
  return [...fitting].sort((left, right) => rank(left) - rank(right));
}

/**
 * Leaves a server that binds inputs by name alone to other suites: it may, and no pipeline can use it.
 * @throws CaseSkipped where the model refuses its own sample under other names
 */
export async function assertTakesAnyName(
  probe: Probe,
  transport: Transport,
  { name: modelName, version: modelVersion, sample, title }: ModelProfile,
): Promise<void> {
  const own = sample?.inputs ?? [];
  const inputs = own.map((input, index) => ({ ...input, name: `system.cpu.time.${index}` }));
  const refusal = await refusalOf(probe.infer(transport, { modelName, modelVersion, inputs }));
  if (refusal === undefined) return;
  throw new CaseSkipped(
    `${title} takes inputs by their own names alone, as Triton and OVMS do; a metrics pipeline names them after its ` +
      `metrics (${refusal.status}: ${refusal.message})`,
  );
}
