/** What must hold for a model whatever it computes: for those that users wrote. */
import { OipError } from '../../protocol/status.js';
import type { Tensor } from '../../protocol/tensor.js';
import { type Check, expectThat } from '../check.js';

/** One input more than the model has is refused, and it is ready afterwards. `title` is the name that reports use. */
export function ownModelCheck(
  { model: { name }, version, title }: { model: { name: string }; version: string; title: string },
  transport: Check['transport'],
): Check {
  return {
    id: `models/${title}/extra-input/${transport}`,
    title: `${title} refuses an input more than it has, and stays ready`,
    transport,
    model: name,
    run: async (client, { signal }) => {
      const metadata = await client.modelMetadata(name, version, { signal });
      const inputs = Array.from({ length: metadata.inputs.length + 1 }, (_, index): Tensor => {
        return { name: `kserve-env-input-${index}`, datatype: 'FP64', shape: [1], data: new Float64Array(1) };
      });
      const error = await client.infer({ modelName: name, modelVersion: version, inputs }, { signal }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expectThat(error !== undefined, 'it was accepted');
      if (!(error instanceof OipError) || error.status === 'DEADLINE_EXCEEDED') throw error;
      expectThat(await client.modelReady(name, version, { signal }), 'the model is not ready afterwards');
      return error.status === 'INVALID_ARGUMENT'
        ? undefined
        : `answered ${error.status}; most clients expect INVALID_ARGUMENT`;
    },
  };
}
