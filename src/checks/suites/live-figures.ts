/** This machine's own live figures, sent as a metrics pipeline would send them, and scaled bit for bit. */
import os from 'node:os';
import type { ModelConfig, ModelConfigOf } from '../../models/kinds.js';
import { type Check, transports } from '../check.js';
import { expectTensor, type TensorContent } from '../compare-tensors.js';
import { fp64Scaler } from './fp64-scaler.js';

/** A metric's data points at this moment; the name is OpenTelemetry's. */
interface LiveFigure {
  name: string;
  values: number[];
}

/** Names follow the OpenTelemetry semantic conventions for system metrics. */
function liveFigures(): LiveFigure[] {
  const cpus = os.cpus();
  return [
    { name: 'system.linux.cpu.load', values: os.loadavg() },
    { name: 'system.memory.usage', values: [os.totalmem() - os.freemem(), os.freemem()] },
    { name: 'system.uptime', values: [os.uptime()] },
    { name: 'system.cpu.time', values: cpus.flatMap(({ times }) => Object.values(times).map((ms) => ms / 1000)) },
  ];
}

/** One check a figure and transport, through the first FP64 scale model. */
export function liveFigureChecks(models: ModelConfig[]): Check[] {
  const scaler = fp64Scaler(models);
  if (scaler === undefined) return [];
  return liveFigures()
    .map(({ name, values }) => ({ name, values: values.filter((value) => Number.isFinite(value * scaler.factor)) }))
    .filter(({ values }) => values.length > 0)
    .flatMap((figure) => transports.map((transport) => figureCheck(scaler, figure, transport)));
}

function figureCheck(model: ModelConfigOf<'scale'>, figure: LiveFigure, transport: 'grpc' | 'rest'): Check {
  return {
    id: `live-figures/${figure.name}/${transport}`,
    title: `${model.name} scales this machine's ${figure.name} (${transport}, ${figure.values.length} values)`,
    transport,
    model: model.name,
    run: async (client, { signal }) => {
      const metadata = await client.modelMetadata(model.name, '', { signal });
      // A metrics pipeline names the tensor after its metric; a strict model wants its own name.
      const name = model.strictInputs ? (metadata.inputs[0]?.name ?? figure.name) : figure.name;
      const content = (values: number[]): TensorContent => {
        return { datatype: 'FP64', shape: [values.length], data: Float64Array.from(values) };
      };
      const input = { name, ...content(figure.values) };
      const { outputs } = await client.infer({ modelName: model.name, inputs: [input] }, { signal });
      expectTensor(outputs[0], content(figure.values.map((value) => value * model.factor)));
      expectTensor(input, content(figure.values));
      return undefined;
    },
  };
}
