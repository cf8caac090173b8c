/** Faults as text, in the header of a call, and the lines of the control socket. */
import { FaultTextError, parseHeaderFaults, readFaultText } from '../../src/faults/fault-text.js';
import { faultKindNames } from '../../src/faults/kinds.js';
import { OipError } from '../../src/protocol/status.js';
import { type ControlServer, controlAnswer } from '../../src/server/faults/control-requests.js';
import { silentLogger } from '../../src/server/telemetry/logger.js';
import { mutateLines } from './mutate.js';
import { type Target, thrown, type Verdict } from './target.js';

const tokens = [
  ...faultKindNames,
  '=',
  ' ',
  ',',
  '"',
  '\\',
  '""',
  '\\"',
  'model=',
  'rpc=',
  'transport=',
  'percent=',
  'first=',
  'every=',
  'after=',
  'for=',
  'message=',
  'status=',
  'UNAVAILABLE',
  '503',
  '1e400',
  '-1',
  '200ms',
  '1h',
  '99999999999h',
  '50%',
  'true',
  '__proto__',
  'constructor',
  '\ud800',
  '\t',
  '\0',
  '{"do":"add","faults":[',
  '{"do":"list"}',
  '{"do":"clear","ids":["1"]}',
  '{"kind":"',
  '"}',
  ']}',
  'null',
  '[[[[',
];

/** Takes faults and does none of them. */
const idle = {
  keeper: { list: () => [], add: async () => [], clear: async () => [] },
  isReady: async () => true,
  log: silentLogger,
} as unknown as ControlServer;

export const faultsTarget: Target = {
  name: 'faults',
  mutate: (input, random, others) => mutateLines(input, random, others, tokens),
  async tryHere(input) {
    const text = input.toString('latin1');
    return (
      refusedOrRead(() => readFaultText(text), FaultTextError) ??
      refusedOrRead(() => parseHeaderFaults(text), OipError) ??
      judgeAnswer(await controlAnswer(input, idle))
    );
  },
};

function refusedOrRead(read: () => unknown, refusal: new (...args: never[]) => Error): Verdict {
  try {
    read();
    return undefined;
  } catch (error) {
    return thrown(error, (one) => one instanceof refusal);
  }
}

function judgeAnswer(line: string): Verdict {
  const answer = JSON.parse(line) as { ok: boolean; error?: { status: string } };
  if (line.includes('\n')) return 'is answered in two lines';
  return answer.error?.status === 'INTERNAL' ? 'is an error that nobody expected' : undefined;
}
