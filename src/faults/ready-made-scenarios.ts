/** Scenarios that are there by name. */
import type { ScenarioInput } from './scenario.js';

/** In the order in which they are listed. Each is written as a file of its own would be. */
export const readyMadeScenarios = {
  'server-down-at-start': {
    description: 'Nothing listens at first; the server comes after 5 s. Start your client while it is away.',
    length: '15s',
    steps: [{ at: '0s', engine: 'kill', for: '5s' }],
  },
  'server-down-and-back': {
    description: 'The server is killed after 5 s, and back 5 s later.',
    length: '20s',
    steps: [{ at: '5s', engine: 'kill', for: '5s' }],
  },
  'not-ready-then-ready': {
    description: 'Every model is not ready for 5 s, as of a server that loads.',
    length: '10s',
    steps: [{ at: '0s', add: 'not-ready', for: '5s' }],
  },
  'rolling-restart': {
    description: 'The server is restarted three times, as a roll-out does it, with 10 s between.',
    length: '35s',
    steps: [
      { at: '5s', engine: 'restart' },
      { at: '15s', engine: 'restart' },
      { at: '25s', engine: 'restart' },
    ],
  },
  'slow-then-timing-out': {
    description: 'Inferences take longer and longer, and then are never answered.',
    length: '25s',
    steps: [
      { at: '0s', add: 'delay=200ms rpc=ModelInfer', name: 'slow', for: '5s' },
      { at: '5s', add: 'delay=2s rpc=ModelInfer', name: 'slower', for: '5s' },
      { at: '10s', add: 'hang rpc=ModelInfer', name: 'hanging', for: '10s' },
    ],
  },
  flapping: {
    description: 'The ports are closed for a second and open for a second, ten times.',
    length: '2s',
    repeat: { times: 10 },
    steps: [{ at: '0s', add: 'refuse', for: '1s' }],
  },
  'one-in-ten-failing': {
    description: 'One inference in ten is UNAVAILABLE, for 30 s.',
    steps: [{ at: '0s', add: 'status=UNAVAILABLE rpc=ModelInfer percent=10', for: '30s' }],
  },
  'wrong-values': {
    description: 'Answers are off by one for 10 s, then NaN for 10 s, then right again.',
    length: '25s',
    steps: [
      { at: '0s', add: 'wrong-value=1', for: '10s' },
      { at: '10s', add: 'nan', for: '10s' },
    ],
  },
} as const satisfies Record<string, ScenarioInput>;

export type ReadyMadeScenario = keyof typeof readyMadeScenarios;
