/** The kinds of faults that a server can be told to have: what each does, its settings, and what sets it off. */
import * as z from 'zod';
import { durationText } from '../duration-text.js';
import { grpcStatusNames } from '../protocol/status.js';

/** Source: RFC 9113, section 7 */
const http2ErrorCode = z.int().min(0).max(13);

const bytesPerSecond = z.int().min(1).max(1_000_000_000);

/**
 * What sets a fault off: a call that meets its conditions; its being added; or the first where a condition on calls is
 * given, else the second.
 */
export type Trigger = 'call' | 'now' | 'either';

/** What a fault concerns: what is answered, the state of a model, connections, or the process. */
export type Concern = 'answer' | 'state' | 'connection' | 'process';

interface KindDefinition<Settings extends z.ZodRawShape> {
  /** One line for people. */
  meaning: string;
  concern: Concern;
  trigger: Trigger;
  settings: Settings;
  /** The setting that `kind=value` means. */
  main?: keyof Settings & string;
}

function defineKind<Settings extends z.ZodRawShape>(definition: KindDefinition<Settings>): KindDefinition<Settings> {
  return definition;
}

const kind = {
  notReady: defineKind({
    meaning: 'The model, or without one every model, is not ready: ModelReady is false, inference is UNAVAILABLE.',
    concern: 'state',
    trigger: 'either',
    settings: {},
  }),
  loading: defineKind({
    meaning: 'The model, or without one every model, is LOADING.',
    concern: 'state',
    trigger: 'now',
    settings: {},
  }),
  loadFailed: defineKind({
    meaning: 'The model, or without one every model, is UNAVAILABLE, since its load failed; loads fail.',
    concern: 'state',
    trigger: 'now',
    settings: { reason: z.string().min(1).max(500).default('a fault was injected').describe('Why the load fails.') },
    main: 'reason',
  }),
  unloaded: defineKind({
    meaning: 'The model, or without one every model, is unloaded.',
    concern: 'state',
    trigger: 'now',
    settings: {},
  }),
  delay: defineKind({
    meaning: 'The call waits before it is served.',
    concern: 'answer',
    trigger: 'call',
    settings: {
      time: durationText.default('1s').describe('How long, such as 200ms; with a distribution its mean.'),
      jitter: durationText
        .optional()
        .describe('How far around the time: the half width of uniform, the deviation of normal.'),
      distribution: z
        .enum(['uniform', 'normal', 'exponential'])
        .default('uniform')
        .describe('How delays are spread: uniform and normal by the jitter, exponential by the time alone.'),
    },
    main: 'time',
  }),
  status: defineKind({
    meaning: 'The call is answered with an error.',
    concern: 'answer',
    trigger: 'call',
    settings: {
      status: z
        .union([z.enum(grpcStatusNames), z.int().min(400).max(599)], {
          error: 'a gRPC status such as UNAVAILABLE, or an HTTP status from 400 to 599',
        })
        .default('UNAVAILABLE')
        .describe(
          'gRPC status by its name, or HTTP status by its number; the other transport gets what stands for it.',
        ),
      message: z.string().max(1000).default('a fault was injected').describe('The message of the error.'),
    },
    main: 'status',
  }),
  hang: defineKind({
    meaning: 'The call is never answered; it ends with its deadline, or when its client gives up.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  wrongValue: defineKind({
    meaning: 'Every element of every numeric output is off by a figure; BOOL is inverted, BYTES get a letter more.',
    concern: 'answer',
    trigger: 'call',
    settings: { offset: z.number().default(1).describe('What is added to each element; whole for integer datatypes.') },
    main: 'offset',
  }),
  nan: defineKind({
    meaning: 'Every element of every floating-point output is NaN.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  wrongShape: defineKind({
    meaning: 'Outputs say a shape that their data does not have: one more in the last dimension.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  wrongDatatype: defineKind({
    meaning: 'Outputs say a datatype that the model does not have, of the same size where there is one.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  missingOutput: defineKind({
    meaning: 'The last output is missing.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  extraOutput: defineKind({
    meaning: 'There is one output more than the model has.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  wrongForm: defineKind({
    meaning: 'Outputs are typed where they would be raw, and raw where they would be typed; over REST binary for JSON.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  truncated: defineKind({
    meaning: 'The data of the last output ends too early, in a message that is whole otherwise.',
    concern: 'answer',
    trigger: 'call',
    settings: { bytes: z.int().min(1).default(1).describe('Bytes that are missing, or elements where data is typed.') },
    main: 'bytes',
  }),
  invalidMessage: defineKind({
    meaning: 'The answer is no protobuf, or over REST no JSON.',
    concern: 'answer',
    trigger: 'call',
    settings: {},
  }),
  oversize: defineKind({
    meaning: 'The answer is valid, and as large as said; its limit maxSendMessageBytes does not hold.',
    concern: 'answer',
    trigger: 'call',
    settings: {
      bytes: z
        .int()
        .min(1)
        .max(1_000_000_000)
        .default(5_000_000)
        .describe('Bytes that are added: 5 MB are too many for most gRPC clients.'),
    },
    main: 'bytes',
  }),
  slowBytes: defineKind({
    meaning: 'The answer comes slowly, so many bytes a second.',
    concern: 'answer',
    trigger: 'call',
    settings: { rate: bytesPerSecond.default(100).describe('Bytes a second.') },
    main: 'rate',
  }),
  partialAnswer: defineKind({
    meaning: 'The answer breaks off after so many of its bytes, and its connection with it.',
    concern: 'connection',
    trigger: 'call',
    settings: { bytes: z.int().min(0).max(1_000_000_000).default(10).describe('Bytes of the message that are sent.') },
    main: 'bytes',
  }),
  streamReset: defineKind({
    meaning: 'The call is reset by HTTP/2 RST_STREAM, its connection lives; over REST the connection is closed.',
    concern: 'connection',
    trigger: 'call',
    settings: {
      code: http2ErrorCode
        .default(2)
        .describe('Error code of RFC 9113, section 7: 2 INTERNAL_ERROR, 7 REFUSED_STREAM.'),
    },
    main: 'code',
  }),
  reset: defineKind({
    meaning: 'The connection of the call is reset, with TCP RST.',
    concern: 'connection',
    trigger: 'call',
    settings: {},
  }),
  goaway: defineKind({
    meaning: 'The connection of the call gets GOAWAY and ends; over REST it is closed with `Connection: close`.',
    concern: 'connection',
    trigger: 'call',
    settings: {
      code: http2ErrorCode.default(0).describe('Error code of RFC 9113, section 7: 0 NO_ERROR, 11 ENHANCE_YOUR_CALM.'),
    },
    main: 'code',
  }),
  halfOpen: defineKind({
    meaning: 'The connection of the call stays open, and nothing is read from it or written to it any more.',
    concern: 'connection',
    trigger: 'call',
    settings: {},
  }),
  refuse: defineKind({
    meaning: 'The ports are closed: connections are refused, and those that are open are cut.',
    concern: 'connection',
    trigger: 'now',
    settings: { cut: z.boolean().default(true).describe('Whether open connections are cut.') },
  }),
  unresponsive: defineKind({
    meaning: 'New connections are accepted, and nothing is ever read from them.',
    concern: 'connection',
    trigger: 'now',
    settings: {},
  }),
  bandwidth: defineKind({
    meaning: 'New connections are limited to so many bytes a second in each direction.',
    concern: 'connection',
    trigger: 'now',
    settings: { rate: bytesPerSecond.default(10_000).describe('Bytes a second.') },
    main: 'rate',
  }),
  expiredCertificate: defineKind({
    meaning: 'New connections see a certificate that has expired; for servers with `tls: auto`.',
    concern: 'connection',
    trigger: 'now',
    settings: {},
  }),
  wrongCertificate: defineKind({
    meaning: 'New connections see a certificate for another host; for servers with `tls: auto`.',
    concern: 'connection',
    trigger: 'now',
    settings: {},
  }),
  crash: defineKind({
    meaning: 'The server ends at once, with every worker: no answer, no farewell.',
    concern: 'process',
    trigger: 'either',
    settings: { exitCode: z.int().min(1).max(125).default(70).describe('Exit code of the process.') },
    main: 'exitCode',
  }),
  memoryKill: defineKind({
    meaning: 'The server takes memory until the kernel kills it; a server without a bound on its memory is killed.',
    concern: 'process',
    trigger: 'either',
    settings: {},
  }),
  freeze: defineKind({
    meaning: 'The server does nothing at all for a while: it holds its connections, and answers no call.',
    concern: 'process',
    trigger: 'either',
    settings: { time: durationText.default('5s').describe('How long, at most 60s.') },
    main: 'time',
  }),
};

/** Every kind by the name that people write. */
export const faultKinds = {
  'not-ready': kind.notReady,
  loading: kind.loading,
  'load-failed': kind.loadFailed,
  unloaded: kind.unloaded,
  delay: kind.delay,
  status: kind.status,
  hang: kind.hang,
  'wrong-value': kind.wrongValue,
  nan: kind.nan,
  'wrong-shape': kind.wrongShape,
  'wrong-datatype': kind.wrongDatatype,
  'missing-output': kind.missingOutput,
  'extra-output': kind.extraOutput,
  'wrong-form': kind.wrongForm,
  truncated: kind.truncated,
  'invalid-message': kind.invalidMessage,
  oversize: kind.oversize,
  'slow-bytes': kind.slowBytes,
  'partial-answer': kind.partialAnswer,
  'stream-reset': kind.streamReset,
  reset: kind.reset,
  goaway: kind.goaway,
  'half-open': kind.halfOpen,
  refuse: kind.refuse,
  unresponsive: kind.unresponsive,
  bandwidth: kind.bandwidth,
  'expired-certificate': kind.expiredCertificate,
  'wrong-certificate': kind.wrongCertificate,
  crash: kind.crash,
  'memory-kill': kind.memoryKill,
  freeze: kind.freeze,
} as const;

export type FaultKind = keyof typeof faultKinds;

export const faultKindNames = Object.keys(faultKinds) as [FaultKind, ...FaultKind[]];
