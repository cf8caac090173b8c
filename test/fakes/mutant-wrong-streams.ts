/** Mutants whose single answers are right, and whose streams are not. */
import { oipError } from '../../src/protocol/status.js';
import type { Behaviour, StreamOut } from './mutant-behaviour.js';
import { answers, mutant } from './mutant-make.js';

/** In ModelStreamInferResponse, error_message comes first. */
const isError = (message: Buffer) => message[0] === 0x0a;

/** Changes how the answers of each stream come. */
const streams = (change: (out: StreamOut) => Partial<StreamOut>) => (): Behaviour => ({
  stream: (out) => ({ ...out, ...change(out) }),
});

export const wrongStreams = [
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
    behave: streams((out) => ({
      send(message) {
        if (!isError(message)) out.send(message);
      },
    })),
  }),
  mutant({
    name: 'stream-loses',
    what: 'the third answer of a stream is lost',
    cases: ['streaming/many'],
    says: { streaming: /^streaming\/many\/.*ended after 99 of 100 answers/ },
    over: ['grpc'],
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
