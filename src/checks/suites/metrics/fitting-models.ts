/** Which models a metrics pipeline can use: those that take vectors of doubles. */
import type { ModelProfile, ServerProfile } from '../../profile.js';

const isDoubles = ({ datatype, shape }: { datatype: string; shape: readonly number[] }) =>
  (datatype === 'FP64' || datatype === 'ANY') && shape.length === 1 && shape[0] === -1;

/** Models with so many inputs, all of them vectors of doubles, and a sample that they took; the best known first. */
export function vectorModels({ models }: ServerProfile, inputs: number): ModelProfile[] {
  const fitting = models.filter(({ metadata, sample }) => {
    return sample !== undefined && metadata.inputs.length === inputs && metadata.inputs.every(isDoubles);
  });
  const rank = ({ mathematics, metadata }: ModelProfile) =>
    (mathematics?.kind === 'scale' ? 0 : mathematics ? 1 : 2) + (metadata.inputs[0]?.datatype === 'FP64' ? 0 : 0.5);
  return [...fitting].sort((left, right) => rank(left) - rank(right));
}
