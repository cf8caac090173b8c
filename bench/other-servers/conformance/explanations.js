/**
 * Why a case fails on a server that is not ours: what the server really does, read in its source and asked of it by hand.
 * scripts/conformance.js holds this list to the run: every failure has its explanation, every explanation a failure.
 */

/**
 * @typedef {object} Explanation
 * @property {string} server key of the server
 * @property {string[]} cases ids, with `*` for any characters
 * @property {RegExp} message what the case said
 * @property {string} title of one line
 * @property {string} text Markdown: what the server does, where its source says so, and what to do about it
 */

/** Both servers have gRPC from grpcio. */
const grpcio = (server) => [
  {
    server,
    cases: ['errors/frame/json/*', 'errors/frame/none/*', 'errors/frame/cut/*'],
    message: /had no answer within/,
    title: 'A call whose message is not whole is left without an answer',
    text: 'Where a request ends before its message does, or has none at all, gRPC for Python (grpcio) waits for the rest, which cannot come any more, until the deadline of the client. gRPC for Node, which kserve-env has, answers UNIMPLEMENTED at once.',
  },
];

const truncated = (server, where) => ({
  server,
  cases: ['errors/element/fraction-for-integer/*'],
  message: /^it was accepted/,
  title: 'A fraction in a tensor of integers is cut off',
  text: `1.5 for INT32 becomes 1, and nobody hears of it: ${where} makes a numpy array of the list and of the datatype, and numpy drops what does not fit.`,
});

/** @type {Explanation[]} */
export const explanations = [
  {
    server: 'mlserver',
    cases: [
      'metadata/promise/simple_scaler/*',
      'metadata/promise/simple_sum/*',
      'infer/head/simple_scaler/*',
      'infer/head/simple_sum/*',
      'infer/values/simple_scaler/*',
      'infer/values/simple_sum/*',
    ],
    message: /^shape of \w+: (the metadata say|expected) \[.*\], (the answer|got) \[.*1\]$/,
    title: 'A vector comes back as a matrix of one column',
    text: '`NumpyCodec.encode_output`, which the documentation has runtimes use, gives each shape of fewer than two dimensions one more of size 1 (`inject_batch_dimension` in `mlserver/codecs/utils.py`): `[5]` becomes `[5, 1]`, and `[]` becomes `[1]`, whatever the metadata of the model say. A runtime that makes its `ResponseOutput` itself, as `identity` does here, keeps the shape.',
  },
  {
    server: 'mlserver',
    cases: ['infer/id/*'],
    message: /^the server answered INTERNAL: (Invalid metadata|Internal Server Error)$/,
    title: 'An id that is not in ASCII fails the request',
    text: 'MLServer repeats the id in headers of its answer, `Ce-Id` and `Ce-Requestid` (`mlserver/cloudevents.py`). Metadata of gRPC take ASCII alone, and headers of HTTP Latin-1: with `漢` or, over gRPC, `ü` in the id the answer is lost after the model has computed it. Ids of ASCII letters work.',
  },
  {
    server: 'mlserver',
    cases: ['infer/values/identity/FP16/specials/grpc-raw'],
    message: /^element \d+ of output_tensor: expected 32257, got 32256$/,
    title: 'NaN in FP16 loses its payload',
    text: 'Raw FP16 is read and written by `struct` with the format `e` (`mlserver/raw.py`), which goes through a double and makes every NaN the same one. All numbers and infinities are kept.',
  },
  {
    server: 'mlserver',
    cases: ['errors/contents-and-raw/*'],
    message: /^it was accepted/,
    title: 'Raw contents are dropped where there are typed ones, too',
    text: '`inject_raw` (`mlserver/raw.py`) looks at raw contents only for tensors without contents of their own, on purpose, so that a request may mix the two. The protocol forbids that: a client that sends both has half of its data ignored.',
  },
  truncated('mlserver', '`NumpyCodec.decode_input`'),
  {
    server: 'mlserver',
    cases: ['compression/answer-plain/refused/*'],
    message: /in gzip, which the client does not accept$/,
    title: 'An answer in gzip for a client that refuses gzip',
    text: "Starlette's `GZipMiddleware`, which MLServer switches on, looks for the letters `gzip` in `Accept-Encoding`, and `gzip;q=0`, which means *not* gzip (RFC 9110, section 12.4.2), has them. Only answers of 500 bytes and more are compressed.",
  },
  ...grpcio('mlserver'),
  {
    server: 'kserve',
    cases: ['infer/values/identity/BYTES/binary/grpc-typed'],
    message: /Failed to encode .* using UTF-8/,
    title: 'Bytes that are no text cannot be answered in typed form',
    text: 'For an answer that is not raw, `InferOutput.set_data_from_numpy` (`kserve/protocol/infer_type.py`) turns each element of BYTES into text, since JSON needs text, over gRPC as well, where `bytes_contents` could hold it. In raw form it works.',
  },
  truncated('kserve', '`InferInput.as_numpy`'),
  ...grpcio('kserve'),
];
