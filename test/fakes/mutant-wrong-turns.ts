/** Mutants that answer out of turn: each other's calls, too few of them, or never. */
import { setTimeout as pause } from 'node:timers/promises';
import { OipError, oipError } from '../../src/protocol/status.js';
import type { InferResponse } from '../../src/protocol/tensor.js';
import type { Behaviour } from './mutant-behaviour.js';
import { mutant, never } from './mutant-make.js';

/** Milliseconds that a call waits for another one in flight, to be mixed up with it. */
const patience = 5;

/** Puts two inferences of one model that are in flight together, where there are two. */
function pairs(mix: (mine: InferResponse, other: InferResponse) => InferResponse): () => Behaviour {
  return () => {
    const waiting = new Map<string, { answer: InferResponse; resolve: (answer: InferResponse | undefined) => void }>();
    return {
      infer({ answer }) {
        if (answer instanceof OipError) return undefined;
        const other = waiting.get(answer.modelName);
        if (other) {
          waiting.delete(answer.modelName);
          other.resolve(mix(other.answer, answer));
          return mix(answer, other.answer);
        }
        return new Promise((resolve) => {
          const mine = { answer, resolve };
          waiting.set(answer.modelName, mine);
          setTimeout(() => {
            if (waiting.get(answer.modelName) !== mine) return;
            waiting.delete(answer.modelName);
            resolve(undefined);
          }, patience);
        });
      },
    };
  };
}

const late = /no answer within|had no answer|not answered|not asked/;

export const wrongTurns = [
  mutant({
    name: 'mixed-up',
    what: 'two calls in flight get each other’s outputs',
    says: { concurrency: /request \d+ of 24: it got what request \d+ asked for/ },
    behave: pairs((mine, other) => ({ ...mine, outputs: other.outputs })),
  }),
  mutant({
    name: 'mixed-ids',
    what: 'two calls in flight get each other’s ids',
    says: { concurrency: /id many-\d+ came back as many-\d+, that of request/ },
    behave: pairs((mine, other) => ({ ...mine, id: other.id })),
  }),
  mutant({
    name: 'overloaded',
    what: 'more than ten requests at one time are refused',
    says: { concurrency: /requests at once were refused: RESOURCE_EXHAUSTED: too many requests/ },
    behave: () => {
      let running = 0;
      return {
        ask() {
          running += 1;
          return undefined;
        },
        async infer({ answer, request }) {
          const many = running > 10;
          await new Promise((resolve) => setTimeout(resolve, patience));
          if (request) running -= 1;
          return many && !(answer instanceof OipError) ? oipError('OVERLOADED', 'too many requests') : undefined;
        },
      };
    },
  }),
  mutant({
    name: 'dies-of-cancellation',
    what: 'the server is gone after a call that its client gave up',
    cases: ['concurrency/cancel'],
    says: { concurrency: /^concurrency\/cancel.*(UNAVAILABLE|ECONN)/ },
    behave({ die }) {
      const givenUp = new AbortController();
      return {
        async infer({ request }) {
          // Large answers come late, so that there is something to give up when the first small one is there.
          const isLarge = (request?.inputs[0]?.data.length ?? 0) > 1_000;
          if (isLarge) await pause(2_000, undefined, { signal: givenUp.signal, ref: false }).catch(() => {});
          return undefined;
        },
        cancelled() {
          givenUp.abort();
          setImmediate(die);
        },
      };
    },
  }),
  mutant({
    name: 'hangs',
    what: 'an inference is never answered',
    says: { infer: late, errors: late, streaming: late, compression: late, concurrency: late },
    timeoutMs: 150,
    behave: () => ({ infer: never }),
  }),
  mutant({
    name: 'hangs-after-error',
    what: 'nothing is answered any more after the first error',
    cases: ['errors/unknown-model', 'streaming/error'],
    says: { errors: late, streaming: /^streaming\/error.*the stream hangs/ },
    timeoutMs: 500,
    behave: () => {
      let stopped = false;
      return {
        infer({ answer }) {
          if (stopped) return never();
          stopped = answer instanceof OipError;
          return undefined;
        },
      };
    },
  }),
];
