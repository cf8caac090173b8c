/** Compressed requests and answers. */
import type { Case } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { casesOfRows } from '../errors/row-cases.js';
import { grpcCases } from './grpc-cases.js';
import { refusalRows } from './refusal-rows.js';
import { restCases } from './rest-cases.js';
import { subjectOf } from './subject.js';

/** The cases that apply to a server. */
export function compressionCases(server: ServerProfile): Case[] {
  const subject = subjectOf(server);
  const { transports } = server;
  return [
    ...(subject && transports.includes('grpc') ? grpcCases(subject) : []),
    ...(subject && transports.includes('rest') ? restCases(server, subject) : []),
    ...casesOfRows('compression', refusalRows, server),
  ];
}
