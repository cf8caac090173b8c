/** Over which routes a model's tensors can travel. */
import { type ModelProfile, type Route, routesOf, type ServerProfile } from '../profile.js';

/** Whether a route has a form for a datatype: FP16 and BF16 have neither a typed field nor a number in JSON. */
export function carries({ form }: Route, datatype: string): boolean {
  return form === 'raw' || (datatype !== 'FP16' && datatype !== 'BF16');
}

/** The routes for a model's sample and its answer. */
export function routesFor(server: ServerProfile, { metadata, sample }: ModelProfile): Route[] {
  const datatypes = [...metadata.outputs, ...(sample?.inputs ?? metadata.inputs)].map(({ datatype }) => datatype);
  return routesOf(server).filter((route) => datatypes.every((datatype) => carries(route, datatype)));
}
