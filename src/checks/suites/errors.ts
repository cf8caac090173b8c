/** What a server must refuse, and that it is alive and right afterwards. */

import type { ModelConfig } from '../../models/kinds.js';
import type { InferenceClient } from '../../protocol/client.js';
import { type GrpcStatus, OipError } from '../../protocol/status.js';
import type { Tensor } from '../../protocol/tensor.js';
import { type Check, type CheckContext, CheckFailure, expectThat, transports } from '../check.js';
import { fp64Scaler } from './fp64-scaler.js';

interface Refusal {
  id: string;
  title: string;
  expected: GrpcStatus;
  send: (client: InferenceClient, model: string, input: string, signal: AbortSignal) => Promise<unknown>;
}

const tensor = (name: string, count: number, change: Partial<Tensor> = {}): Tensor => {
  return { name, datatype: 'FP64', shape: [count], data: new Float64Array(count), ...change };
};

const refusals: Refusal[] = [
  {
    id: 'unknown-model',
    title: 'an unknown model is refused',
    expected: 'NOT_FOUND',
    send: (client, _, input, signal) =>
      client.infer({ modelName: 'kserve-env-no-such-model', inputs: [tensor(input, 1)] }, { signal }),
  },
  {
    id: 'wrong-shape',
    title: 'a shape that its data does not fill is refused',
    expected: 'INVALID_ARGUMENT',
    send: (client, modelName, input, signal) =>
      client.infer({ modelName, inputs: [tensor(input, 3, { shape: [5] })] }, { signal }),
  },
  {
    id: 'wrong-datatype',
    title: "a datatype other than the model's is refused",
    expected: 'INVALID_ARGUMENT',
    send: (client, modelName, input, signal) => {
      const bytes = tensor(input, 1, { datatype: 'BYTES', data: [new TextEncoder().encode('one')] });
      return client.infer({ modelName, inputs: [bytes] }, { signal });
    },
  },
  {
    id: 'no-input',
    title: 'a request without inputs is refused',
    expected: 'INVALID_ARGUMENT',
    send: (client, modelName, _, signal) => client.infer({ modelName, inputs: [] }, { signal }),
  },
];

/** One check a refusal and transport, against the first FP64 scale model; none where there is no such model. */
export function errorChecks(models: ModelConfig[]): Check[] {
  const scaler = fp64Scaler(models);
  if (scaler === undefined) return [];
  return refusals.flatMap((refusal) =>
    transports.map(
      (transport): Check => ({
        id: `errors/${refusal.id}/${transport}`,
        title: `${refusal.title}, and the server lives on`,
        transport,
        model: scaler.name,
        run: (client, context) => refuses(client, scaler.name, refusal, context),
      }),
    ),
  );
}

async function refuses(
  client: InferenceClient,
  model: string,
  { send, expected }: Refusal,
  { signal }: CheckContext,
): Promise<string | undefined> {
  const metadata = await client.modelMetadata(model, '', { signal });
  const input = metadata.inputs[0]?.name ?? 'input';
  const error = await send(client, model, input, signal).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) throw new CheckFailure('it was accepted');
  if (!(error instanceof OipError)) throw error;
  // As a time-out, not as a failure of another kind: the runner counts them.
  if (error.status === 'DEADLINE_EXCEEDED') throw error;
  expectThat(await client.serverLive({ signal }), 'the server is not live afterwards');
  await client.infer({ modelName: model, inputs: [tensor(input, 1)] }, { signal });
  // The specification fixes no codes, so another one than ours is no failure.
  return error.status === expected ? undefined : `answered ${error.status}; most clients expect ${expected}`;
}
