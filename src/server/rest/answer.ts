/** What a route answers, and how it goes out. */
import type { ServerResponse } from 'node:http';
import { type JsonValue, writeJson } from '../../protocol/json-text.js';
import { headerLengthHeader, type RestBody } from '../../protocol/rest-messages.js';
import type { OipError } from '../../protocol/status.js';
import { type AcceptedCodings, compress, compressedFromBytes } from './accept-encoding.js';

export interface Answer {
  status: number;
  contentType: string;
  body: Buffer;
  headers?: Record<string, string>;
  /** The error that it tells. */
  error?: OipError;
}

export function jsonAnswer(status: number, value: JsonValue): Answer {
  return { status, contentType: 'application/json', body: Buffer.from(writeJson(value), 'utf8') };
}

export function errorAnswer(error: OipError, headers: Record<string, string> = {}): Answer {
  return { ...jsonAnswer(error.httpStatus, { error: error.message }), headers, error };
}

/** The answer of an inference; Inference-Header-Content-Length counts bytes before compression, as Triton's does. */
export function restBodyAnswer({ body, headerLength }: RestBody): Answer {
  if (headerLength === undefined) return { status: 200, contentType: 'application/json', body };
  const headers = { [headerLengthHeader]: String(headerLength) };
  return { status: 200, contentType: 'application/octet-stream', body, headers };
}

/** The same answer in the coding that the client likes best, where there is something to gain or it takes no other. */
export async function encoded(answer: Answer, { coding, identity }: AcceptedCodings): Promise<Answer> {
  if (answer.body.byteLength < compressedFromBytes && identity) return answer;
  const headers = { ...answer.headers, vary: 'Accept-Encoding' };
  if (!coding) return { ...answer, headers };
  return { ...answer, headers: { ...headers, 'content-encoding': coding }, body: await compress(coding, answer.body) };
}

/** Bytes from which an answer may stay in memory for want of a reader, who is cut off then. */
const largeAnswerBytes = 64 * 1024;
/** Milliseconds in which a reader of a large answer must take some of it. */
const stalledReaderMs = 60_000;

export function send(response: ServerResponse, answer: Answer, close: boolean): void {
  const { body } = answer;
  if (body.byteLength > largeAnswerBytes) response.socket?.setTimeout(stalledReaderMs);
  sendHead(response, answer, body.byteLength, close);
  response.end(body);
}

/** Sends all but the body, of which so many bytes are said to follow. */
export function sendHead(
  response: ServerResponse,
  { status, contentType, headers }: Answer,
  bytes: number,
  close: boolean,
): void {
  const lines = ['content-type', contentType, 'content-length', String(bytes)];
  // What is given here replaces what was set before, and an answer may differ by both.
  const varies = response.getHeader('vary');
  for (const name in headers) {
    const value = headers[name] as string;
    lines.push(name, name === 'vary' && varies !== undefined ? `${varies}, ${value}` : value);
  }
  if (close) lines.push('connection', 'close');
  response.writeHead(status, lines);
}
