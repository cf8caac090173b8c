/** The limits of a server: their names, their safe defaults, and what is refused beyond each. */
import * as z from 'zod';
import { durationText } from '../duration-text.js';

const mebibyte = 1024 * 1024;

const count = (most: number, usual: number, meaning: string) =>
  z.int().min(1).max(most).default(usual).describe(meaning);

/** `server.limits` of the config. A request beyond one is refused, and the refusal names the limit. */
export const limitsSchema = z
  .strictObject({
    maxReceiveMessageBytes: count(
      1024 * mebibyte,
      8 * mebibyte,
      'Bytes of the largest gRPC message or REST body that is read, after decompression: a million FP64 elements.',
    ),
    maxSendMessageBytes: count(
      1024 * mebibyte,
      32 * mebibyte,
      'Bytes of the largest gRPC message or REST body that is answered.',
    ),
    maxTensorElements: count(2 ** 30, 2 ** 23, 'Elements of one tensor of a request.'),
    maxBytesElements: count(
      2 ** 30,
      2 ** 18,
      'Elements of one BYTES tensor of a request; each costs memory of its own.',
    ),
    maxTensors: count(65_536, 256, 'Inputs of one request, and outputs that it asks for.'),
    maxConcurrentRequests: count(1_000_000, 1_024, 'Inferences that run at one time, in each worker.'),
    maxConcurrentStreams: count(1_000_000, 256, 'Calls that one gRPC connection may have open.'),
    maxConnections: count(1_000_000, 1_024, 'Open connections, of gRPC and of REST each, in each worker.'),
    maxHeaderBytes: count(mebibyte, 16_384, "Bytes of a request's headers."),
    maxJsonDepth: count(1_000, 100, 'Nesting of arrays and objects in a REST body.'),
    requestTimeout: durationText.prefault('60s').describe('What one inference may take.'),
  })
  .prefault({});

/** Every limit with its figure. */
export type Limits = z.output<typeof limitsSchema>;
