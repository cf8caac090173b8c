/** Rows about REST bodies as such: text that is no JSON, and JSON that is none of the protocol's. */
import { limitsOf } from '../../server-limits.js';
import { only, type Row, type RowSource, rowsOf } from './row.js';
import { type Attempt, httpAttempt, restBody } from './sent-request.js';
import { anyModelOrNone, type Target } from './targets.js';

const malformed = { rest: { Triton: '500', MLServer: '422', KServe: '422', OVMS: '412' } };

/** A body that is sent to the model as it stands. */
function bodyRow(source: Omit<RowSource, 'attempt'>, body: (json: string) => string | Uint8Array): RowSource {
  return {
    known: malformed,
    target: anyModelOrNone,
    ...source,
    attempt: only('rest-json', (target) => bodyAttempt(target, body(jsonOf(target)))),
  };
}

const jsonOf = ({ request }: Target): string => restBody(request, false).body.toString();

const bodyAttempt = ({ request }: Target, body: string | Uint8Array): Attempt =>
  httpAttempt(request, { body: Buffer.from(body) });

const textRows = rowsOf(
  {
    spec: 'OIP: the body of an inference over REST is a JSON object. RFC 8259: its text is UTF-8, and nothing else stands before or behind it.',
    why: 'Half a body that is taken for a whole one is another request; a 5xx for a typing error is tried again for ever.',
  },
  [
    bodyRow({ id: 'json/empty', title: 'an empty body is refused' }, () => ''),
    bodyRow({ id: 'json/cut', title: 'a body that is cut off is refused' }, (json) => json.slice(0, -2)),
    bodyRow({ id: 'json/trailing', title: 'text behind the JSON is refused' }, (json) => `${json}x`),
    bodyRow({ id: 'json/two', title: 'two objects in one body are refused' }, (json) => json + json),
    bodyRow({ id: 'json/single-quotes', title: 'JSON in single quotes is refused' }, (json) =>
      json.replaceAll('"', "'"),
    ),
    bodyRow({ id: 'json/comment', title: 'a comment in JSON is refused' }, (json) => `/* first */${json}`),
    bodyRow(
      { id: 'json/byte-order-mark', title: 'a byte order mark before the JSON is refused', accepted: 'lax' },
      (json) => `\ufeff${json}`,
    ),
    bodyRow({ id: 'json/latin-1', title: 'text that is not UTF-8 is refused', accepted: 'lax' }, (json) =>
      Buffer.from(json.replace('{', '{"id":"\xe9",'), 'latin1'),
    ),
    bodyRow({ id: 'json/protobuf', title: 'a message of gRPC as a REST body is refused' }, () =>
      Buffer.from([0x0a, 0x01, 0x61, 0x80, 0xff]),
    ),
    {
      ...bodyRow({ id: 'json/cut-before-binary', title: '' }, () => ''),
      title: 'JSON that is cut off before binary data is refused',
      attempt: only('rest-binary', ({ request }) => {
        const { body, headerLength = 0 } = restBody(request, true);
        const json = body.subarray(0, headerLength - 1);
        const cut = Buffer.concat([json, body.subarray(headerLength)]);
        return httpAttempt(request, { body: cut, headerLength: json.byteLength });
      }),
    },
  ],
);

const memberRows = rowsOf(
  {
    spec: 'OIP: an inference over REST has `inputs`, an array of objects with `name`, `shape`, `datatype` and `data`; `id` is a string.',
    why: 'A member that is missing or of another type has no meaning that client and server could agree on.',
  },
  [
    bodyRow({ id: 'json/array', title: 'an array in place of the object is refused' }, () => '[]'),
    bodyRow({ id: 'json/null', title: 'null in place of the object is refused' }, () => 'null'),
    bodyRow({ id: 'json/no-inputs', title: 'an object without inputs is refused' }, () => '{}'),
    bodyRow({ id: 'json/inputs-object', title: 'inputs that are no array are refused' }, () => '{"inputs":{}}'),
    bodyRow({ id: 'json/input-null', title: 'an input that is null is refused' }, () => '{"inputs":[null]}'),
    bodyRow({ id: 'json/no-name', title: 'an input without a name is refused', accepted: 'lax' }, (json) =>
      json.replace(/"name":"(?:[^"\\]|\\.)*",/, ''),
    ),
    bodyRow({ id: 'json/no-datatype', title: 'an input without a datatype is refused', accepted: 'lax' }, (json) =>
      json.replace(/"datatype":"[^"]*",/, ''),
    ),
    bodyRow({ id: 'json/no-shape', title: 'an input without a shape is refused', accepted: 'lax' }, (json) =>
      json.replace(/"shape":\[[^\]]*\],?/, ''),
    ),
    bodyRow({ id: 'json/id-number', title: 'a number for an id is refused', accepted: 'lax' }, (json) =>
      json.replace('{', '{"id":7,'),
    ),
    bodyRow(
      { id: 'json/parameters-array', title: 'parameters that are no object are refused', accepted: 'lax' },
      (json) => json.replace('{', '{"parameters":[1],'),
    ),
    bodyRow({ id: 'json/proto', title: 'a member __proto__ stands for nothing' }, (json) => `{"__proto__":${json}}`),
  ],
);

/** The first input's elements inside so many arrays, in arrays that are nested `depth` deep with the body around them. */
function nested(json: string, depth: number): string {
  // Three levels are the body, its inputs, and the input.
  const levels = Math.max(1, depth - 3);
  return json.replace(/"data":\[(.*?)\]/, (_, list: string) => {
    return `"data":${'['.repeat(levels)}${list}${']'.repeat(levels)}`;
  });
}

/** JSON that nests so many levels more than our server reads. */
function depthRow(source: Omit<RowSource, 'attempt'>, more: number): RowSource {
  return {
    ...source,
    oursOnly: true,
    attempt: only('rest-json', (target, server) => {
      return bodyAttempt(target, nested(jsonOf(target), limitsOf(server).maxJsonDepth + more));
    }),
  };
}

const depthRows = rowsOf(
  {
    spec: 'RFC 8259, section 9: a parser may set limits on the depth of nesting. kserve-env reads 100 levels unless it is told otherwise, and refuses more.',
    why: 'A body of brackets alone overflows the stack of a parser that recurses: one request ends the server.',
  },
  [
    depthRow({ id: 'json-depth/limit', title: 'JSON as deep as the limit is accepted', accepted: 'legal' }, 0),
    depthRow({ id: 'json-depth/beyond', title: 'JSON of one level more than the limit is refused' }, 1),
    bodyRow(
      {
        id: 'json-depth/10000',
        title: 'JSON of 10,000 levels is refused',
        known: { rest: { MLServer: '422', KServe: '400' } },
        accepted: 'lax',
      },
      (json) => nested(json, 10_000),
    ),
    bodyRow({ id: 'json-depth/open', title: 'a body of 100,000 opening brackets is refused' }, () =>
      '['.repeat(100_000),
    ),
  ],
);

const typeRows = rowsOf(
  {
    spec: 'The OIP names no content type; JSON is what it has. A body that is the JSON of the protocol may be read whatever it is called.',
    why: 'curl sends application/x-www-form-urlencoded unless it is told otherwise, and many a quick test with it.',
  },
  ['text/plain', 'application/x-www-form-urlencoded', ''].map((type): RowSource => {
    return {
      id: `content-type/${type === '' ? 'none' : type.replace('/', '-')}`,
      title: `JSON is read ${type === '' ? 'without a content type' : `as ${type}`}`,
      accepted: 'legal',
      known: { rest: { MLServer: type === '' ? 'accepted' : '422', KServe: '400' } },
      attempt: only('rest-json', ({ request }) => {
        const attempt = httpAttempt(request, restBody(request, false));
        const { 'content-type': _, ...headers } = attempt.headers;
        return { ...attempt, headers: type === '' ? headers : { ...headers, 'content-type': type } };
      }),
    };
  }),
);

export const jsonRows: readonly Row[] = [...textRows, ...memberRows, ...depthRows, ...typeRows];
