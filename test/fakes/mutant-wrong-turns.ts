/** Mutants that answer out of turn: too many at once, in a stream, or never. */
import { OipError, oipError } from '../../src/protocol/status.js';
import type { InferResponse } from '../../src/protocol/tensor.js';
import type { Behaviour, StreamOut } from './mutant-behaviour.js';
import { answers, mutant, never } from './mutant-make.js';

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

/** In ModelStreamInferResponse, error_message comes first. */
const isError = (message: Buffer) => message[0] === 0x0a;

/** Changes how the answers of each stream come. */
const streams = (change: (out: StreamOut) => Partial<StreamOut>) => (): Behaviour => ({
  stream: (out) => ({ ...out, ...change(out) }),
});

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
    behave: ({ die }) => ({
      // So that there is time to give up.
      infer: async () => {
        await new Promise((resolve) => setTimeout(resolve, patience));
        return undefined;
      },
      cancelled: () => setImmediate(die),
    }),
  }),
  mutant({
    name: 'hangs',
    what: 'an inference is never answered',
    says: { infer: late, errors: late, streaming: late, compression: late, concurrency: late, metrics: late },
    timeoutMs: 150,
    behave: () => ({ infer: never }),
  }),
  mutant({
    name: 'hangs-after-error',
    what: 'nothing is answered any more after the first error',
    says: { errors: late, streaming: late },
    timeoutMs: 150,
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
  mutant({
    name: 'stream-out-of-order',
    what: 'of two answers in a stream the second comes first',
    says: { streaming: /answers come in another order than their requests/ },
    over: ['grpc'],
    behave: streams((out) => {
      let held: Buffer | undefined;
      return {
        send(message) {
          if (held === undefined) {
            held = message;
            return;
          }
          out.send(message);
          out.send(held);
          held = undefined;
        },
        end(status) {
          if (held) out.send(held);
          out.end(status);
        },
      };
    }),
  }),
  mutant({
    name: 'stream-ends-at-error',
    what: 'a stream ends after the first error',
    cases: ['streaming/error'],
    says: { streaming: /the stream ended after the wrong request/ },
    over: ['grpc'],
    behave: streams((out) => ({
      send(message) {
        out.send(message);
        if (isError(message)) out.end();
      },
    })),
  }),
  mutant({
    name: 'stream-fails-at-error',
    what: 'a stream ends with the status of the first error',
    cases: ['streaming/error'],
    says: { streaming: /^streaming\/error.*the stream ended with INVALID_ARGUMENT: the stream is broken/ },
    over: ['grpc'],
    behave: streams((out) => ({
      send(message) {
        if (isError(message)) out.end(oipError('INVALID_ARGUMENT', 'the stream is broken'));
        else out.send(message);
      },
    })),
  }),
  mutant({
    name: 'stream-hides-errors',
    what: 'a request in a stream that fails is not answered',
    cases: ['streaming/error'],
    says: { streaming: /the wrong request was accepted/ },
    over: ['grpc'],
    timeoutMs: 1_000,
    behave: streams((out) => ({
      send(message) {
        if (!isError(message)) out.send(message);
      },
    })),
  }),
  mutant({
    name: 'stream-loses',
    what: 'the third answer of a stream is lost',
    says: { streaming: /^streaming\/many\/.*ended after 99 of 100 answers/ },
    over: ['grpc'],
    timeoutMs: 1_000,
    behave: streams((out) => {
      let count = 0;
      return {
        send(message) {
          count += 1;
          if (count !== 3) out.send(message);
        },
      };
    }),
  }),
  mutant({
    name: 'stream-repeats',
    what: 'each answer of a stream comes twice',
    says: { streaming: /there are more answers than requests/ },
    over: ['grpc'],
    behave: streams((out) => ({
      send(message) {
        out.send(message);
        out.send(message);
      },
    })),
  }),
  mutant({
    name: 'stream-never-ends',
    what: 'a stream goes on after its client has said all',
    says: { streaming: /^streaming\/one.*the stream hangs: of 1 requests 1 are answered/ },
    over: ['grpc'],
    timeoutMs: 1_000,
    behave: streams(() => ({ end: () => {} })),
  }),
  mutant({
    name: 'stream-holds-back',
    what: 'answers of a stream come when its client has said all',
    cases: ['streaming/turns'],
    says: { streaming: /^streaming\/turns.*the stream hangs: of \d+ requests 0 are answered/ },
    over: ['grpc'],
    timeoutMs: 1_000,
    behave: streams((out) => {
      const held: Buffer[] = [];
      return {
        send: (message) => void held.push(message),
        end(status) {
          for (const message of held) out.send(message);
          out.end(status);
        },
      };
    }),
  }),
  mutant({
    name: 'stream-unimplemented',
    what: 'there is no stream, though the extension is named',
    says: { streaming: /the server has no ModelStreamInfer: UNIMPLEMENTED/ },
    over: ['grpc'],
    behave: streams((out) => {
      const refuse = () => out.end(oipError('UNIMPLEMENTED', 'no streams'));
      return { send: refuse, end: refuse };
    }),
  }),
  mutant({
    name: 'stream-ids-lost',
    what: 'ids come back in single answers, and not in a stream',
    says: { streaming: /id "ask-1" came back as ""/ },
    over: ['grpc'],
    behave: answers((answer, { streamed }) => {
      if (streamed) answer.id = '';
    }),
  }),
];
