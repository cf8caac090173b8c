/** One ModelStreamInfer as a case uses it: requests are sent, answers read one by one, and both are remembered. */
import type { CallOptions, InferCall } from '../../../protocol/client.js';
import type { GrpcChannel } from '../../../protocol/grpc-channel.js';
import { completeCall, malformedAnswer } from '../../../protocol/infer-call.js';
import { noMessageLimits } from '../../../protocol/message-limits.js';
import { bytesMethod } from '../../../protocol/service-definition.js';
import { OipError } from '../../../protocol/status.js';
import {
  decodeInferResponse,
  decodeStreamResponse,
  encodeInferRequest,
  type StreamResponse,
} from '../../../protocol/wire/infer-messages.js';
import { CaseFailure, CaseSkipped } from '../../case.js';
import { errorLine, requestLines, responseLines } from '../../exchange.js';
import type { Probe } from '../../probe.js';

/** A request of a stream has no answer in time. */
export class StreamHangs extends CaseFailure {}

/** A stream. Dispose it: that cancels it where it goes on. */
export interface InferStream extends AsyncDisposable {
  send(call: InferCall): void;
  /** Sends what may be no request at all. */
  sendBytes(bytes: Uint8Array): void;
  /** No more will be sent. */
  end(): void;
  cancel(): void;
  /**
   * The next answer; undefined where the server has ended the stream well.
   * @throws StreamHangs where there is none in time, CaseSkipped where the server has no such method or another one of
   *   that name, OipError where the stream ends with a status
   */
  next(): Promise<StreamResponse | undefined>;
}

/** Requests and answers of a stream that are shown. */
const shown = 3;

/** Over the run's own connection unless another one is given. */
export function openInferStream(
  probe: Probe,
  { channel = probe.channel(), ...options }: CallOptions & { channel?: GrpcChannel } = {},
): InferStream {
  const start = performance.now();
  const { timeoutMs } = probe;
  const stream = channel.stream(bytesMethod('ModelStreamInfer'), { signal: probe.signal, timeoutMs, ...options });
  const answers = stream.responses[Symbol.asyncIterator]();
  const sent: (() => string[])[] = [];
  const got: (() => string[])[] = [];
  let counts = { sent: 0, got: 0 };
  const names = new Set<string>();
  const show = (list: (() => string[])[], count: number, what: string): string[] => [
    ...(count > list.length ? [`${count} ${what}, the last ${list.length} of them:`] : []),
    ...list.flatMap((lines) => lines()),
  ];
  probe.remember(() => ({
    transport: 'grpc',
    call: 'ModelStreamInfer',
    request: show(sent, counts.sent, 'requests'),
    answer: show(got, counts.got, 'answers'),
    ms: Math.round((performance.now() - start) * 10) / 10,
  }));
  const keep = (list: (() => string[])[], lines: () => string[]): void => {
    list.push(lines);
    if (list.length > shown) list.shift();
  };
  const noteGot = (lines: () => string[]): void => {
    counts = { ...counts, got: counts.got + 1 };
    keep(got, lines);
  };
  const noteSent = (lines: () => string[]): void => {
    counts = { ...counts, sent: counts.sent + 1 };
    keep(sent, lines);
  };
  return {
    send(call) {
      names.add(call.modelName);
      noteSent(() => requestLines(call));
      stream.send(encodeInferRequest(completeCall(call)));
    },
    sendBytes(bytes) {
      noteSent(() => [`${bytes.byteLength} bytes: ${Buffer.from(bytes).toString('hex').slice(0, 64)}`]);
      stream.send(Buffer.from(bytes));
    },
    end: () => stream.end(),
    cancel: () => stream.cancel(),
    async next() {
      try {
        const { value, done } = await answers.next();
        if (done === true) return undefined;
        if (isPlainResponse(value, names)) throw new CaseSkipped(plainResponses);
        const answer = malformedAnswer(() => decodeStreamResponse(value, noMessageLimits));
        noteGot(() => answerLines(answer));
        return answer;
      } catch (error) {
        noteGot(() => [errorLine(error)]);
        throw streamError(probe, error, counts);
      }
    },
    async [Symbol.asyncDispose]() {
      stream.cancel();
    },
  };
}

/** What a case may say of a server whose method of this name is another one. */
const plainResponses =
  "it answers ModelInferResponse, as MLServer does: how many, and to what, is its model's affair. Triton and OVMS answer " +
  'ModelStreamInferResponse, one to a request';

/** A ModelInferResponse begins with its model's name, where a ModelStreamInferResponse has an error. */
function isPlainResponse(bytes: Buffer, models: ReadonlySet<string>): boolean {
  if (bytes[0] !== 0x0a) return false;
  try {
    const { modelName, outputs } = decodeInferResponse(bytes, noMessageLimits);
    return models.has(modelName) && outputs.length > 0;
  } catch {
    return false;
  }
}

function answerLines({ errorMessage = '', response }: StreamResponse): string[] {
  return [
    ...(errorMessage === '' ? [] : [`error_message: ${errorMessage}`]),
    ...(response ? responseLines(response) : []),
  ];
}

function streamError({ server, signal }: Probe, error: unknown, { sent, got }: { sent: number; got: number }): unknown {
  if (!(error instanceof OipError) || signal.aborted) return error;
  if (error.status === 'UNIMPLEMENTED') {
    const words = `the server has no ModelStreamInfer: ${errorLine(error)}`;
    return server.ours ? new CaseFailure(words) : new CaseSkipped(words);
  }
  // The server may answer other calls all the same, so this is no silence of its own.
  if (error.status === 'DEADLINE_EXCEEDED') {
    return new StreamHangs(`the stream hangs: of ${sent} requests ${got - 1} are answered. ${error.message}`);
  }
  return error;
}
