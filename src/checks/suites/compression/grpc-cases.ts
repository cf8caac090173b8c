/** Compressed messages over gRPC: requests as clients send them, and answers as they travel. */
import { grpcFrame, grpcFrames } from '../../../protocol/grpc-frames.js';
import type { Http2Answer } from '../../../protocol/http2-exchange.js';
import { type OipError, oipErrorFromGrpc } from '../../../protocol/status.js';
import type { InferResponse } from '../../../protocol/tensor.js';
import { type Case, CaseFailure } from '../../case.js';
import { requestLines } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import { allRoutes, type Route, type ServerProfile } from '../../profile.js';
import { outcomeOf, unusual } from '../../verdict.js';
import {
  compress,
  decompress,
  type Encoding,
  encodings,
  expectAsPlain,
  isEncoding,
  made,
  messageOf,
  readable,
  readMessage,
  type Subject,
} from './subject.js';

const specification = 'gRPC (compression.md, PROTOCOL-HTTP2.md)';
const path = '/inference.GRPCInferenceService/ModelInfer';

/** The cases of each encoding and form, and of what a server may do with its answers. */
export function grpcCases(subject: Subject): Case[] {
  const routes = allRoutes.filter(({ transport }) => transport === 'grpc');
  const [typed] = routes as [Route];
  return [
    ...encodings.flatMap((encoding) => [
      ...routes.map((route) => clientCase(subject, encoding, route)),
      ...routes.map((route) => answerCase(subject, encoding, route)),
      plainFrameCase(subject, encoding, typed),
      plainAnswerCase(subject, encoding, typed),
    ]),
    otherAnswerCase(subject, typed),
  ];
}

function clientCase(subject: Subject, encoding: Encoding, route: Route): Case {
  return made(subject, `request/${encoding}`, route, {
    title: `a ${encoding} request of a gRPC client is answered as a plain one`,
    spec: `${specification}: a message may be compressed in the encoding that \`grpc-encoding\` names; a server that has it not answers UNIMPLEMENTED.`,
    why: 'The exporters of an OpenTelemetry Collector, and many others, compress unless they are told not to.',
    async run(probe) {
      await using connections = probe.connect({ compression: encoding });
      const client = connections.grpc && probe.recording(connections.grpc.client);
      if (!client) return undefined;
      const { answer, refusal } = await outcomeOf(client.infer({ ...subject.call, form: route.form }));
      if (refusal) return refused(probe.server, refusal, encoding);
      await expectAsPlain(probe, subject, route, answer);
      return undefined;
    },
  });
}

function answerCase(subject: Subject, encoding: Encoding, route: Route): Case {
  return made(subject, `answer/${encoding}`, route, {
    title: `what is answered to a client that reads ${encoding} can be read`,
    spec: `${specification}: an answer may be compressed in an encoding of \`grpc-accept-encoding\`; \`grpc-encoding\` names it, and the flag of each message says whether it is.`,
    why: 'A message in another encoding than its header says is lost to every client.',
    async run(probe) {
      const answer = await exchange(probe, subject, route, {
        headers: { 'grpc-encoding': encoding, 'grpc-accept-encoding': `identity,${encoding}` },
        frame: grpcFrame(compress[encoding](messageOf(subject, route.form)), { compressed: true }),
      });
      const error = errorOf(answer);
      if (error) return refused(probe.server, error, encoding);
      const { response, compressed } = readAnswer(answer);
      await expectAsPlain(probe, subject, route, response);
      // Others may leave it; ours compresses what gets smaller.
      return probe.server.ours && subject.large && !compressed
        ? unusual(probe.server, 'the answer is not compressed')
        : undefined;
    },
  });
}

function plainFrameCase(subject: Subject, encoding: Encoding, route: Route): Case {
  return made(subject, `plain-message/${encoding}`, route, {
    title: `a plain message is read in a call whose encoding is ${encoding}`,
    spec: `${specification}: a message whose flag is 0 is not compressed, whatever \`grpc-encoding\` says.`,
    why: 'Clients leave small messages as they are, in the same call.',
    async run(probe) {
      const answer = await exchange(probe, subject, route, {
        headers: { 'grpc-encoding': encoding },
        frame: grpcFrame(messageOf(subject, route.form)),
      });
      const error = errorOf(answer);
      if (error) return refused(probe.server, error, encoding);
      await expectAsPlain(probe, subject, route, readAnswer(answer).response);
      return undefined;
    },
  });
}

function plainAnswerCase(subject: Subject, encoding: Encoding, route: Route): Case {
  return made(subject, `answer-plain/${encoding}`, route, {
    title: `a client that sends ${encoding} and reads none is answered plainly`,
    spec: `${specification}: an answer is compressed only in an encoding that the client accepts.`,
    why: 'A small client that can write an encoding but not read it gets an answer that it cannot use.',
    async run(probe) {
      const answer = await exchange(probe, subject, route, {
        headers: { 'grpc-encoding': encoding, 'grpc-accept-encoding': 'identity' },
        frame: grpcFrame(compress[encoding](messageOf(subject, route.form)), { compressed: true }),
      });
      const error = errorOf(answer);
      if (error) return refused(probe.server, error, encoding);
      const { response, compressed } = readAnswer(answer);
      if (compressed) throw new CaseFailure(`the answer is in ${compressed}, which the client does not accept`);
      await expectAsPlain(probe, subject, route, response);
      return undefined;
    },
  });
}

function otherAnswerCase(subject: Subject, route: Route): Case {
  return made(subject, 'answer-plain/unasked', route, {
    title: 'a client that says nothing of compression is answered plainly',
    spec: `${specification}: without \`grpc-accept-encoding\`, an answer is in the request's encoding or in none.`,
    why: 'A client that knows nothing of compression cannot read it.',
    async run(probe) {
      const answer = await exchange(probe, subject, route, {
        headers: {},
        frame: grpcFrame(messageOf(subject, route.form)),
      });
      const error = errorOf(answer);
      if (error) throw new CaseFailure(`it was refused with ${error.status}: ${error.message}`);
      const { response, compressed } = readAnswer(answer);
      if (compressed) throw new CaseFailure(`the answer is in ${compressed}, which nobody asked for`);
      await expectAsPlain(probe, subject, route, response);
      return undefined;
    },
  });
}

function refused(server: ServerProfile, { status, message }: OipError, encoding: Encoding): string {
  return unusual(server, `a ${encoding} request is refused with ${status}: ${message}`, {
    MLServer: 'accepted',
    KServe: 'accepted',
  });
}

function exchange(
  probe: Probe,
  { call }: Subject,
  { form }: Route,
  { headers, frame }: { headers: Record<string, string>; frame: Buffer },
): Promise<Http2Answer> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const asked = () => [...lines, ...requestLines({ ...call, form })];
  return probe.http2({ path, headers, body: frame }, { asked });
}

/** The error of an answer; undefined where its status is OK. Throws CaseFailure where it has none. */
function errorOf({ status, headers, trailers }: Http2Answer): OipError | undefined {
  if (status !== 200) throw new CaseFailure(`answered with HTTP status ${status}`);
  const { 'grpc-status': code, 'grpc-message': details = '' } = { ...headers, ...trailers };
  if (code === undefined) throw new CaseFailure('the answer has no grpc-status');
  return Number(code) === 0 ? undefined : oipErrorFromGrpc(Number(code), String(details));
}

/** The one message of an answer, and the encoding that it was in. Throws CaseFailure where it cannot be read. */
function readAnswer({ headers, body }: Http2Answer): { response: InferResponse; compressed: Encoding | undefined } {
  const frames = readable(() => grpcFrames(body));
  const [frame] = frames;
  if (!frame || frames.length > 1) throw new CaseFailure(`the answer has ${frames.length} messages`);
  if (!frame.compressed) return { response: readMessage(frame.bytes), compressed: undefined };
  const encoding = headers['grpc-encoding'];
  if (!isEncoding(encoding))
    throw new CaseFailure(`a compressed message in the encoding ${encoding ?? 'that nothing names'}`);
  return { response: readMessage(readable(() => decompress[encoding](frame.bytes))), compressed: encoding };
}
