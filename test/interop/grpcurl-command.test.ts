/** What `infer --grpcurl` prints, run by a shell: grpcurl sends the message that infer sends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type handleUnaryCall, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commandContext } from '../../src/commands/context.js';
import { type InferOptions, infer } from '../../src/commands/infer.js';
import { inferCommandLine } from '../../src/commands/infer-command-line.js';
import { createGrpcChannel } from '../../src/protocol/grpc-channel.js';
import { noMessageLimits } from '../../src/protocol/message-limits.js';
import type { OipError } from '../../src/protocol/status.js';
import { decodeInferRequest } from '../../src/protocol/wire/infer-messages.js';
import { authority, tlsFront } from '../tools/tls-front.js';
import { type Served, serveDefaults } from '../unit/commands/served.js';
import { runInShell } from './clients.js';

/** An inference as a server sees it. */
interface Seen {
  headers: Record<string, unknown>;
  message: Buffer;
}

const directory = mkdtempSync(join(tmpdir(), 'kserve-env-grpcurl-'));
const bytes = (buffer: Buffer) => buffer;
const method = (name: string) => ({
  path: `/inference.GRPCInferenceService/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const methods = {
  ModelInfer: method('ModelInfer'),
  ModelMetadata: method('ModelMetadata'),
} satisfies ServiceDefinition;
let served: Served;
let seen: Seen[] = [];
let port: number;
const recorder = new Server();

beforeAll(async () => {
  served = await serveDefaults();
  const onward = createGrpcChannel({ endpoint: served.endpoint });
  const handler =
    (name: keyof typeof methods): handleUnaryCall<Buffer, Buffer> =>
    (call, reply) => {
      if (name === 'ModelInfer') seen.push({ headers: call.metadata.getMap(), message: Buffer.from(call.request) });
      onward.unary(methods[name], call.request).then(
        (answer) => reply(null, answer),
        ({ grpcCode, message }: OipError) => reply({ code: grpcCode, details: message }),
      );
    };
  recorder.addService(methods, { ModelInfer: handler('ModelInfer'), ModelMetadata: handler('ModelMetadata') });
  port = await new Promise<number>((resolve, reject) =>
    recorder.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
});
afterAll(async () => {
  recorder.forceShutdown();
  await served[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  seen = [];
});

const context = commandContext({ cwd: directory, env: {} });
const grpcurl = async (options: InferOptions) =>
  (await inferCommandLine({ endpoint: `127.0.0.1:${port}`, ...options, tool: 'grpcurl' }, context)).data.command;
const run = (command: string, env: Record<string, string> = {}) => runInShell(command, { cwd: directory, env });

describe('the command of grpcurl', () => {
  it.each<{ what: string; options: InferOptions }>([
    {
      what: 'numbers',
      options: { model: 'simple_scaler', values: ['1', '-2.5', '-0', '0.1', '1e308', 'nan', '-inf'] },
    },
    { what: 'FP32', options: { model: 'identity', values: ['0.1', '-0', 'nan', '3e38'], datatype: 'FP32' } },
    {
      what: 'INT64',
      options: { model: 'identity', values: ['9007199254740993', '-9223372036854775808'], datatype: 'INT64' },
    },
    { what: 'UINT64', options: { model: 'identity', values: ['18446744073709551615'], datatype: 'UINT64' } },
    { what: 'INT8', options: { model: 'identity', values: ['-128', '127'], datatype: 'INT8' } },
    { what: 'UINT16', options: { model: 'identity', values: ['0', '65535'], datatype: 'UINT16' } },
    { what: 'BOOL', options: { model: 'identity', values: ['true', '0'], datatype: 'BOOL' } },
    {
      what: 'texts with all that a shell takes for its own',
      options: {
        model: 'identity',
        values: ["it's", '$HOME `id` "x" \\ *', 'a\nb', '!', 'grüße 😀', ''],
        datatype: 'BYTES',
      },
    },
    { what: 'several inputs', options: { model: 'simple_sum', tensors: ['input_a=1,2', 'input_b=10,20'] } },
    {
      what: 'parameters of every type, and a version',
      options: {
        model: 'simple_scaler',
        values: ['1'],
        parameters: [
          'scale_factor=0.5',
          "note=it's",
          'on=true',
          'low=-9223372036854775808',
          'high=18446744073709551615',
        ],
        modelVersion: '1',
      },
    },
    { what: 'bytes', options: { model: 'identity', values: ['nan', '-0', '1'], raw: true } },
    { what: 'bytes of texts', options: { model: 'identity', values: ["it's", ''], datatype: 'BYTES', raw: true } },
    { what: 'nothing', options: { model: 'identity', input: 'empty.json' } },
    { what: 'a long message', options: { model: 'identity', values: Array(12_000).fill('1.25') } },
  ])('sends $what as infer does', async ({ options }) => {
    writeFileSync(join(directory, 'empty.json'), '[]');
    const command = await grpcurl(options);
    expect(seen).toEqual([]);
    const { code, stdout, stderr } = await run(command);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ modelName: options.model });
    await infer({ endpoint: `127.0.0.1:${port}`, ...options }, context);
    const [theirs, ours] = seen.map(({ message }) => decodeInferRequest(message, noMessageLimits));
    expect(theirs).toEqual(ours);
  });

  it('has headers, an authority and the token, which it reads from its variable', async () => {
    const options = { token: 's3cret', headers: ["x-tenant: it's $blue", 'x-empty:', 'host: models.example.test'] };
    const command = await grpcurl({ model: 'simple_scaler', values: ['1'], ...options });
    expect(command).not.toContain('s3cret');
    expect(await run(command, { KSERVE_ENV_TOKEN: 's3cret' })).toMatchObject({ code: 0 });
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'x-tenant': "it's $blue", 'x-empty': '' });
  });

  it('speaks TLS as infer does', async () => {
    using good = authority('good');
    const files = good.sign('server', 'DNS:models.test');
    await using front = await tlsFront(port, files, { clientCa: good.ca });
    const tls = { cacert: good.ca, ...files, serverName: 'models.test' };
    const endpoint = `grpcs://127.0.0.1:${front.port}`;
    const command = await grpcurl({ endpoint, ...tls, model: 'simple_scaler', values: ['21'] });
    const { code, stdout } = await run(command);
    expect({ code, outputs: JSON.parse(stdout).outputs }).toMatchObject({
      code: 0,
      outputs: [{ contents: { fp64Contents: [42] } }],
    });
    const insecure = await grpcurl({ endpoint, insecure: true, ...files, model: 'simple_scaler', values: ['21'] });
    expect(await run(insecure)).toMatchObject({ code: 0 });
  });
});
