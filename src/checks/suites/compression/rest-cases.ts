/** Compressed bodies over REST: requests with content-encoding, and answers to accept-encoding. */
import type { HttpAnswer } from '../../../protocol/http-exchange.js';
import { decodeRestResponse, headerLengthHeader, parseHeaderLength } from '../../../protocol/rest-messages.js';
import type { InferResponse } from '../../../protocol/tensor.js';
import { type Case, CaseFailure } from '../../case.js';
import { requestLines } from '../../exchange.js';
import type { Probe } from '../../probe.js';
import { type Route, routesOf, type ServerProfile } from '../../profile.js';
import { unusual } from '../../verdict.js';
import {
  bodyOf,
  compress,
  decompress,
  type Encoding,
  encodings,
  expectAsPlain,
  isEncoding,
  made,
  pathOf,
  readable,
  type Subject,
} from './subject.js';

/** What is sent with a request, and what of its answer. */
interface Asked {
  /** Encoding of the body. */
  sent?: Encoding;
  /** `Accept-Encoding`. */
  accepted?: string;
}

/** The cases of each encoding and form. */
export function restCases(server: ServerProfile, subject: Subject): Case[] {
  const routes = routesOf(server).filter(({ transport }) => transport === 'rest');
  return routes.flatMap((route) => [
    ...encodings.flatMap((encoding) => [
      requestCase(subject, route, encoding),
      answerCase(subject, route, `answer/${encoding}`, { accepted: encoding }),
    ]),
    answerCase(subject, route, 'both/gzip', { sent: 'gzip', accepted: 'gzip, deflate' }),
    plainCase(subject, route, 'identity', { accepted: 'identity' }),
    plainCase(subject, route, 'refused', { accepted: 'gzip;q=0, deflate;q=0' }),
    plainCase(subject, route, 'unasked', {}),
  ]);
}

function requestCase(subject: Subject, route: Route, encoding: Encoding): Case {
  return made(subject, `request/${encoding}`, route, {
    title: `a body in ${encoding} is answered as a plain one`,
    spec: 'HTTP, RFC 9110, section 8.4: Content-Encoding names what a body is in; 415 is for what a server does not take. Triton: gzip and deflate are taken, and the header length counts bytes before compression.',
    why: 'Clients that compress to save the network get errors instead.',
    async run(probe) {
      const answer = await exchange(probe, subject, route, { sent: encoding });
      if (answer.status >= 300) return refused(probe.server, answer, encoding);
      await expectAsPlain(probe, subject, route, readAnswer(answer).response);
      return undefined;
    },
  });
}

function answerCase(subject: Subject, route: Route, id: string, asked: Asked): Case {
  return made(subject, id, route, {
    title: `what is answered to Accept-Encoding: ${asked.accepted}${asked.sent ? ` and a body in ${asked.sent}` : ''} can be read`,
    spec: 'HTTP, RFC 9110, section 12.5.3: an answer may be in a coding that the client accepts, and Content-Encoding names it. Triton: the header length counts bytes before compression.',
    why: 'A body in another coding than its header says is lost to every client; asyncio clients of Triton ask for compression by themselves.',
    async run(probe) {
      const answer = await exchange(probe, subject, route, asked);
      if (answer.status >= 300) return refused(probe.server, answer, asked.sent ?? 'plain');
      const { response, encoding } = readAnswer(answer);
      await expectAsPlain(probe, subject, route, response);
      // Others may leave it; ours compresses all that is not small.
      return probe.server.ours && subject.large && !encoding
        ? unusual(probe.server, 'the answer is not compressed')
        : undefined;
    },
  });
}

function plainCase(subject: Subject, route: Route, what: string, asked: Asked): Case {
  return made(subject, `answer-plain/${what}`, route, {
    title: `a client that ${asked.accepted === undefined ? 'says nothing of compression' : `sends Accept-Encoding: ${asked.accepted}`} is answered plainly`,
    spec: 'HTTP, RFC 9110, section 12.5.3: a coding that Accept-Encoding does not list, or lists with q=0, is not acceptable; without the header any is, though few clients are prepared for that.',
    why: 'A client that cannot decompress reads bytes for JSON.',
    async run(probe) {
      const answer = await exchange(probe, subject, route, asked);
      if (answer.status >= 300) return refused(probe.server, answer, 'plain');
      const { response, encoding } = readAnswer(answer);
      if (encoding && asked.accepted === undefined)
        return unusual(probe.server, `the answer is in ${encoding}, unasked`);
      if (encoding) throw new CaseFailure(`the answer is in ${encoding}, which the client does not accept`);
      await expectAsPlain(probe, subject, route, response);
      return undefined;
    },
  });
}

function refused(server: ServerProfile, { status, body }: HttpAnswer, encoding: string): string {
  const words = body.toString('utf8').slice(0, 200);
  return unusual(server, `a ${encoding} request is refused with ${status}: ${words}`, {
    Triton: 'accepted',
    MLServer: encoding === 'deflate' ? '422' : 'accepted',
    KServe: '400',
  });
}

function exchange(probe: Probe, subject: Subject, { form }: Route, { sent, accepted }: Asked): Promise<HttpAnswer> {
  const { body, headers } = bodyOf(subject, form);
  const coded: Record<string, string> = {
    ...headers,
    ...(sent && { 'content-encoding': sent }),
    ...(accepted !== undefined && { 'accept-encoding': accepted }),
  };
  const asked = () => [
    ...Object.entries(coded).map(([name, value]) => `${name}: ${value}`),
    ...requestLines({ ...subject.call, form }),
  ];
  const request = { method: 'POST', path: pathOf(subject), headers: coded, body: sent ? compress[sent](body) : body };
  return probe.http(request, { asked });
}

/** The inference of an answer, and the encoding that it was in. Throws CaseFailure where it cannot be read. */
function readAnswer({ headers, body }: HttpAnswer): { response: InferResponse; encoding: Encoding | undefined } {
  const named = headers['content-encoding']?.toString();
  const encoding = named === undefined || named === 'identity' ? undefined : named;
  if (encoding !== undefined && !isEncoding(encoding))
    throw new CaseFailure(`the answer is in ${encoding}, which nobody asked for`);
  const plain = encoding ? readable(() => decompress[encoding](body)) : body;
  const response = readable(() => {
    const header = headers[headerLengthHeader]?.toString();
    return decodeRestResponse({ body: plain, headerLength: parseHeaderLength(header, plain.byteLength) });
  });
  return { response, encoding };
}
