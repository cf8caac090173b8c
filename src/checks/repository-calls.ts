/** Unloading and loading a model, over either transport, so that it is back whatever happens in between. */
import { clientServiceDefinition } from '../protocol/service-definition.js';
import { OipError, oipErrorFromHttp } from '../protocol/status.js';
import { CaseFailure, type Transport } from './case.js';
import { errorLine } from './exchange.js';
import type { Probe } from './probe.js';

/** Asks the server to load or unload a model. Throws OipError where it refuses. */
export async function changeModel(
  probe: Probe,
  transport: Transport,
  change: 'load' | 'unload',
  name: string,
): Promise<void> {
  if (transport === 'rest') {
    const path = `/v2/repository/models/${encodeURIComponent(name)}/${change}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await probe.http({ method: 'POST', path, headers, body: Buffer.from('{}') });
    if (answer.status >= 300) throw oipErrorFromHttp(answer.status, answer.body.toString('utf8'));
    return;
  }
  const methods = clientServiceDefinition();
  const method = change === 'load' ? methods.RepositoryModelLoad : methods.RepositoryModelUnload;
  // Triton and MLServer read field 2, KServe field 1.
  const message = method.requestSerialize({ repository_name: '', model_name: name, parameters: {} });
  await probe.grpcBytes(method.originalName ?? '', message);
}

/**
 * Unloads a model, does something, and loads it again in any case.
 * Throws CaseFailure where the model does not come back: the server is not as it was, which must not be overlooked.
 */
export async function unloadedWhile<T>(
  probe: Probe,
  transport: Transport,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  await changeModel(probe, transport, 'unload', name);
  try {
    return await work();
  } finally {
    await loadAgain(probe, transport, name);
  }
}

async function loadAgain(probe: Probe, transport: Transport, name: string): Promise<void> {
  try {
    await changeModel(probe, transport, 'load', name);
  } catch (error) {
    if (error instanceof OipError)
      throw new CaseFailure(`${name} was unloaded and does not load again: ${errorLine(error)}`);
    throw error;
  }
}
