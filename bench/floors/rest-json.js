/**
 * The scaler over REST as one writes it in an afternoon: node:http, JSON.parse, a multiplication, JSON.stringify, no
 * checks. An echo reads no number, so this says what reading and writing them costs alone. Prints {"httpPort": ...}.
 */
import { serveHttp } from './serve.js';

const factor = 2;

serveHttp((body) => {
  const { inputs } = JSON.parse(body);
  const [{ shape, datatype, data }] = inputs;
  const output = { name: 'scaled_result', shape, datatype, data: data.map((element) => element * factor) };
  const answer = { model_name: 'simple_scaler', model_version: '1', outputs: [output] };
  return { body: Buffer.from(JSON.stringify(answer)), headers: { 'content-type': 'application/json' } };
});
