/** Which faults the clients meet, and how each trial of one goes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readFaultText } from '../../dist/faults/fault-text.js';
import { clients, startClient, startFaultServer } from './session.js';

/** Milliseconds that a client allows for a call. */
export const deadlineMs = 1_000;

/** Milliseconds that a client is given afterwards until a call is answered, and between its calls. */
const recoveryMs = 6_000;
const pauseMs = 200;

/** Milliseconds from the order of what happens to a process until it does. */
const settleMs = 300;

const ofCall = (fault, about) => ({ fault, about, by: 'header' });
const standing = (fault, about, more = {}) => ({ fault, about, by: 'control', ...more });

/**
 * Every fault with what it is about. `by: 'header'` asks for it in the call itself; `control` has it in force for all
 * calls, from a moment after the client has connected, or with `reconnect` before it does.
 */
export const trials = [
  ofCall('not-ready', 'the model is not ready'),
  standing('loading', 'the model is loading'),
  standing('load-failed', 'the load of the model has failed'),
  standing('unloaded', 'the model is unloaded'),
  ofCall('delay=400ms', 'an answer that comes late, and in time'),
  ofCall('delay=3s', 'an answer that comes too late'),
  ofCall('status=UNAVAILABLE', 'an error'),
  ofCall('status=RESOURCE_EXHAUSTED', 'another error'),
  ofCall('status=500', 'an error by the number of its HTTP status'),
  ofCall('hang', 'no answer'),
  ofCall('wrong-value', 'wrong numbers'),
  ofCall('nan', 'no numbers'),
  ofCall('wrong-shape', 'a shape that the data do not have'),
  ofCall('wrong-datatype', 'a datatype that the model does not have'),
  ofCall('missing-output', 'an output too few'),
  ofCall('extra-output', 'an output too many'),
  ofCall('wrong-form', 'raw for typed, binary for JSON'),
  ofCall('truncated', 'data that end too early'),
  ofCall('invalid-message', 'no protobuf, no JSON'),
  ofCall('oversize', '5 MB more than the answer has'),
  ofCall('slow-bytes=20', '20 bytes a second'),
  ofCall('partial-answer', 'the connection breaks within the answer'),
  ofCall('stream-reset', 'RST_STREAM with INTERNAL_ERROR, over REST the end of the connection'),
  { ...ofCall('stream-reset=7', 'RST_STREAM with REFUSED_STREAM'), transports: ['grpc'] },
  { ...ofCall('stream-reset=8', 'RST_STREAM with CANCEL'), transports: ['grpc'] },
  ofCall('reset', 'TCP RST'),
  ofCall('goaway', 'GOAWAY with NO_ERROR, over REST `Connection: close`'),
  { ...ofCall('goaway=11', 'GOAWAY with ENHANCE_YOUR_CALM'), transports: ['grpc'] },
  ofCall('half-open', 'the connection falls silent'),
  {
    ...ofCall('half-open', 'the same, with keepalive pings every 10 s'),
    keepaliveMs: 10_000,
    deadlineMs: 20_000,
    transports: ['grpc'],
  },
  standing('refuse', 'the ports are closed'),
  standing('unresponsive', 'accepted, and never read', { reconnect: true }),
  standing('bandwidth=100', '100 bytes a second', { reconnect: true }),
  standing('freeze=3s', 'the process does nothing for 3 s', { settles: true }),
  standing('crash', 'the process ends, and is started again', { settles: true }),
];

/**
 * Has each client meet a fault.
 *
 * @param {(typeof trials)[number]} trial
 * @param {string[]} names of clients
 * @returns {Promise<Record<string, { title: string, struck: object, afterwards: object[], same: boolean }>>} by client
 */
export async function runTrial(trial, names = Object.keys(clients)) {
  const server = await startFaultServer();
  const running = [];
  try {
    const wanted = names.filter((name) => trial.transports?.includes(clients[name].transport) ?? true);
    const started = await Promise.all(wanted.map((name) => startClient(name, server, trial)));
    running.push(...started);
    const patience = trial.deadlineMs ?? deadlineMs;
    // A first call also loads what the client loads with it.
    const good = trial.reconnect ? [] : await Promise.all(started.map((client) => goodCall(client)));
    if (trial.by === 'control') await server.add(readFaultText(trial.fault));
    const fault = trial.by === 'header' ? { fault: trial.fault } : {};
    if (trial.settles) await sleep(settleMs);
    const struck = await Promise.all(started.map((client) => client.call({ ...fault, deadlineMs: patience })));
    if (trial.fault === 'crash') await server.restart();
    else if (trial.by === 'control') await server.clear();
    const afterwards = await Promise.all(started.map(untilAnswered));
    return Object.fromEntries(
      wanted.map((name, index) => [
        name,
        {
          title: started[index].title,
          struck: struck[index],
          afterwards: afterwards[index],
          same: struck[index].answer === (good[index] ?? afterwards[index].at(-1)).answer,
        },
      ]),
    );
  } finally {
    await Promise.all(running.map((client) => client.stop()));
    await server.stop();
  }
}

async function goodCall(client) {
  const good = await client.call({ deadlineMs: 10_000 });
  if (!isAnswered(good)) throw new Error(`${client.title} has no answer before any fault: ${JSON.stringify(good)}`);
  return good;
}

/** Calls of the same client until one is answered. */
async function untilAnswered(client) {
  const calls = [];
  const end = performance.now() + recoveryMs;
  do {
    if (calls.length > 0) await sleep(pauseMs);
    calls.push(await client.call({ deadlineMs }));
  } while (!isAnswered(calls.at(-1)) && performance.now() < end);
  return calls;
}

/** Whether a call has an answer of the server that is no error. */
export const isAnswered = ({ status }) => status === 'OK' || status === '200';
