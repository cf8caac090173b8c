/** Mutants that refuse in the wrong way, or do not refuse. */
import { OipError, oipError } from '../../src/protocol/status.js';
import type { InferResponse } from '../../src/protocol/tensor.js';
import type { Behaviour, Inference } from './mutant-behaviour.js';
import { httpError } from './mutant-facts.js';
import { changeElement, mutant } from './mutant-make.js';

/** Changes every error of an inference. */
function errors(
  change: (error: OipError, inference: Inference) => InferResponse | OipError | undefined,
): () => Behaviour {
  return () => ({
    infer: (inference) => (inference.answer instanceof OipError ? change(inference.answer, inference) : undefined),
  });
}

/** An answer to what should have none: the inputs, where they can be read. */
function echo({ request }: Inference): InferResponse {
  const { modelName = '', modelVersion = '', id = '', inputs = [], form = 'typed' } = request ?? {};
  return { modelName, modelVersion, id, parameters: {}, outputs: inputs, form };
}

/** Accepts what is refused in these words. */
const accepts = (words: RegExp) =>
  errors(({ message }, inference) => (words.test(message) ? echo(inference) : undefined));

export const wrongRefusals = [
  mutant({
    name: 'everything-accepted',
    what: 'every inference is answered without an error',
    says: {
      errors: /: it was accepted/,
      metrics: /no-such-model answered/,
      repository: /answers over \w+ after/,
      streaming: /the wrong request was accepted/,
    },
    behave: errors((_, inference) => echo(inference)),
  }),
  mutant({
    name: 'unknown-model-accepted',
    what: 'a model that does not exist answers',
    says: { errors: /^errors\/unknown-model.*: it was accepted/, metrics: /no-such-model answered/ },
    behave: accepts(/not on this server/),
  }),
  mutant({
    name: 'wrong-datatype-accepted',
    what: 'a datatype that is not the model’s is accepted',
    says: { errors: /^errors\/datatype.*: it was accepted/ },
    behave: accepts(/datatype/),
  }),
  mutant({
    name: 'wrong-shape-accepted',
    what: 'shapes that do not fit the number of elements are accepted',
    says: { errors: /^errors\/(count|shape).*: it was accepted/ },
    behave: accepts(/shape/),
  }),
  mutant({
    name: 'both-contents-accepted',
    what: 'typed and raw contents together are accepted',
    cases: ['errors/contents-and-raw'],
    says: { errors: /^errors\/contents-and-raw.*: it was accepted/ },
    over: ['grpc'],
    behave: accepts(/contents/),
  }),
  mutant({
    name: 'malformed-json-accepted',
    what: 'a body that is no JSON is accepted',
    cases: ['errors/json'],
    says: { errors: /^errors\/json.*: it was accepted/ },
    over: ['rest'],
    behave: accepts(/not valid JSON/),
  }),
  mutant({
    name: 'oversize-accepted',
    what: 'messages beyond the limit are accepted',
    cases: ['errors/oversize', 'compression/bomb'],
    says: { errors: /^errors\/oversize.*: it was accepted/, compression: /^compression\/bomb.*: it was accepted/ },
    behave: errors(({ status }, inference) => (status === 'RESOURCE_EXHAUSTED' ? echo(inference) : undefined)),
  }),
  mutant({
    name: 'any-encoding-accepted',
    what: 'requests in an encoding that nobody knows are accepted',
    says: { compression: /^compression\/unsupported.*: it was accepted/ },
    behave: () => ({
      http: ({ answer }) => (answer.status === 415 ? { ...answer, status: 200, body: Buffer.from('{}') } : undefined),
      grpc: ({ headers, answer }) =>
        answer.trailers['grpc-status'] === '12' && headers['grpc-encoding']
          ? { ...answer, message: Buffer.alloc(0), trailers: { 'grpc-status': '0' } }
          : undefined,
    }),
  }),
  mutant({
    name: 'wrong-status',
    what: 'what is not found is an invalid argument',
    says: {
      errors: /^errors\/unknown-model.*answered (INVALID_ARGUMENT|400), where most clients expect (NOT_FOUND|404)/,
    },
    behave: errors(({ status, message }) =>
      status === 'NOT_FOUND' ? oipError('INVALID_ARGUMENT', message) : undefined,
    ),
  }),
  mutant({
    name: 'all-internal',
    what: 'every error is an internal one',
    says: { errors: /answered (INTERNAL|500), where most clients expect/, repository: /refused with (INTERNAL|500)/ },
    behave: errors(({ message }) => oipError('INTERNAL', message)),
  }),
  mutant({
    name: 'silent-errors',
    what: 'errors have no message',
    says: { errors: /the error says nothing/ },
    behave: errors(({ status, httpStatus }) => new OipError(status, httpStatus, '')),
  }),
  mutant({
    name: 'error-as-200',
    what: 'errors come with status 200',
    says: { errors: /: it was accepted/ },
    over: ['rest'],
    behave: () => ({ http: ({ answer }) => (answer.status >= 400 ? { ...answer, status: 200 } : undefined) }),
  }),
  mutant({
    name: 'error-as-text',
    what: 'the body of an error is plain text',
    says: { errors: /the body has no "error" that is text/ },
    over: ['rest'],
    behave: () => ({
      http: ({ answer }) =>
        answer.status >= 400
          ? { ...answer, headers: { 'content-type': 'text/plain' }, body: Buffer.from('Bad Request') }
          : undefined,
    }),
  }),
  mutant({
    name: 'method-not-told',
    what: 'a wrong method is answered 405 without the right ones',
    cases: ['errors/method'],
    says: { errors: /: allow is absent, where POST is expected/ },
    over: ['rest'],
    behave: () => ({
      http({ answer }) {
        const { allow: _, ...headers } = answer.headers;
        return answer.status === 405 ? { ...answer, headers } : undefined;
      },
    }),
  }),
  mutant({
    name: 'method-not-found',
    what: 'a wrong method is answered 404',
    cases: ['errors/method'],
    says: { errors: /answered 404, where most clients expect 405/ },
    over: ['rest'],
    behave: () => ({
      http: ({ answer }) => (answer.status === 405 ? httpError(oipError('ROUTE_NOT_FOUND', 'not here')) : undefined),
    }),
  }),
  mutant({
    name: 'unknown-route-accepted',
    what: 'whatever is asked, there is an answer',
    cases: ['errors/unknown-route'],
    says: { errors: /^errors\/unknown-route.*: it was accepted/ },
    over: ['rest'],
    behave: () => ({
      http: ({ answer }) => (answer.status === 404 ? { ...answer, status: 200, body: Buffer.from('{}') } : undefined),
    }),
  }),
  mutant({
    name: 'crashes',
    what: 'good requests are answered with an internal error',
    says: { infer: /INTERNAL: segmentation fault/, streaming: /segmentation fault/ },
    behave: () => ({ infer: () => oipError('INTERNAL', 'segmentation fault') }),
  }),
  mutant({
    name: 'dies-of-bad-input',
    what: 'the server is gone after the first request that it refuses',
    says: { errors: /a good request is not answered afterwards: UNAVAILABLE/ },
    behave: ({ die }) => ({
      infer({ answer }) {
        if (answer instanceof OipError) setImmediate(die);
        return undefined;
      },
    }),
  }),
  mutant({
    name: 'spoilt-by-bad-input',
    what: 'after a request that was refused, values are wrong',
    cases: ['errors/unknown-model', 'streaming/error'],
    says: {
      errors: /a good request is answered otherwise afterwards: element 0/,
      streaming: /^streaming\/error.*element 0/,
    },
    behave: () => {
      let spoilt = false;
      return {
        infer({ answer }) {
          if (answer instanceof OipError) {
            spoilt = true;
            return undefined;
          }
          if (spoilt) for (const output of answer.outputs) changeElement(output, 0);
          return answer;
        },
      };
    },
  }),
];
