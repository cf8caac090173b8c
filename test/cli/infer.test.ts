import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bin, type Sandbox, sandbox } from './run-cli.js';

/** 2 rows of 2 columns, in Fortran order, of numbers with their bytes the wrong way round. */
function npyOf(columns: number[][]): Buffer {
  const rows = columns[0]?.length ?? 0;
  const header = `{'descr': '>f8', 'fortran_order': True, 'shape': (${rows}, ${columns.length}), }`.padEnd(117);
  const head = Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1');
  const data = Buffer.alloc(columns.flat().length * 8);
  for (const [index, value] of columns.flat().entries()) data.writeDoubleBE(value, index * 8);
  return Buffer.concat([head, Buffer.from(`${header}\n`), data]);
}

describe('infer on the command line', () => {
  let box: Sandbox;
  beforeAll(async () => {
    box = sandbox();
    expect((await box.run(['up'])).code).toBe(0);
    writeFileSync(
      join(box.directory, 'x.npy'),
      npyOf([
        [1, 3],
        [2, 4],
      ]),
    );
    writeFileSync(join(box.directory, 'garbage'), Buffer.from([0xff, 0, 1, 2]));
    mkdirSync(join(box.directory, 'folder'));
  });
  afterAll(async () => {
    await box.run(['down']);
    box[Symbol.dispose]();
  });

  it('reads a file of numpy, and prints rows as rows', async () => {
    const { stdout, code } = await box.run(['infer', 'identity', '--input', 'x.npy']);
    expect({ stdout: stdout.split('\n').map((line) => line.trimEnd()), code }).toEqual({
      stdout: [
        'NAME           DATATYPE  SHAPE   VALUES',
        'output_tensor  FP64      [2, 2]  1  2',
        '                                 3  4',
        '',
      ],
      code: 0,
    });
    const scaled = await box.run(['infer', 'linear_regression', '--tensor', 'input_features=@x.npy', '--rest']);
    expect(scaled.stdout).toMatch(/ FP64 \[2\]: /);
  });

  it('prints all of what is long with --verbose, and in JSON', async () => {
    const numbers = Array.from({ length: 30 }, (_, index) => String(index));
    const cut = await box.run(['infer', 'identity', ...numbers]);
    expect(cut.stdout).toMatch(/ 19 … of 30\n$/);
    expect((await box.run(['infer', 'identity', ...numbers, '--verbose'])).stdout).toMatch(/ 28 29\n$/);
    expect((await box.json(['infer', 'identity', ...numbers])).answer.data.outputs[0].data).toHaveLength(30);
  });

  it('prints the body of REST with --raw-json, and nothing else', async () => {
    const { stdout, stderr } = await box.run([
      'infer',
      'identity',
      '--raw-json',
      '--datatype',
      'INT64',
      '9007199254740993',
    ]);
    expect(stdout).toMatch(/^\{"model_name":"identity",.*"data":\[9007199254740993\]\}\]\}\n$/);
    expect(stderr).toBe('');
  });

  it.each([
    { what: 'a directory', args: ['--input', 'folder'], says: /--input: folder is a directory/ },
    { what: 'garbage', args: ['--input', 'garbage'], says: /neither JSON nor a \.npy file/ },
    { what: 'an empty standard input', args: ['--input', '-'], says: /--input: standard input is empty/ },
    {
      what: '--raw-json with --json',
      args: ['1', '--raw-json', '--json'],
      says: /cannot be used with option/,
      json: true,
    },
    { what: '--curl with --raw-json', args: ['1', '--curl', '--raw-json'], says: /cannot be used with option/ },
    { what: '--grpcurl with --rest', args: ['1', '--grpcurl', '--rest'], says: /cannot be used with option/ },
    { what: 'a URL behind --rest', args: ['1', '--rest', 'http://127.0.0.1:1'], says: /--rest takes no URL here/ },
    { what: 'a header without a colon', args: ['1', '-H', 'x'], says: /expected 'name: value'/ },
    { what: 'a key without a certificate', args: ['1', '--tls', '--key', 'x'], says: /--key needs the certificate/ },
    {
      what: 'a certificate that is a directory',
      args: ['1', '--tls', '--cacert', 'folder'],
      says: /folder is a directory/,
    },
  ])('refuses $what with one message, and exits 2', async ({ args, says, json }) => {
    const { code, stdout, stderr } = await box.run(['infer', 'simple_scaler', ...args]);
    expect(code).toBe(2);
    expect(json ? stdout : stderr).toMatch(says);
    expect(stderr.match(/^error: /gm) ?? []).toHaveLength(json ? 0 : 1);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('takes a closed standard input for an empty one', async () => {
    const { code, stderr } = await inShell(`'${process.execPath}' '${bin}' infer simple_scaler --input - <&-`);
    expect(stderr).toContain('--input: standard input is empty');
    expect(code).toBe(2);
  });

  it('ends by Ctrl-C while it waits for standard input', async () => {
    const child = spawn(process.execPath, [bin, 'infer', 'simple_scaler', '--input', '-', '--verbose'], {
      env: box.env,
      cwd: box.directory,
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdin.on('error', () => {});
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    // More than a pipe holds: once it is written, somebody reads.
    await new Promise<void>((resolve) => child.stdin.write(`[${'1, '.repeat(500_000)}`, () => resolve()));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stderr).toContain('Interrupted by SIGINT');
  });

  it('prints a command of curl that a shell runs', async () => {
    const { stdout } = await box.run(['infer', 'simple_scaler', '1', '-2.5', '3', '--curl']);
    expect(stdout).toMatch(/^curl .*\/v2\/models\/simple_scaler\/infer\n$/);
    expect(JSON.parse((await inShell(stdout)).stdout)).toMatchObject({ outputs: [{ data: [2, -5, 6] }] });
    const { answer } = await box.json(['infer', 'simple_scaler', '1', '--grpcurl']);
    expect(answer.data).toEqual({ tool: 'grpcurl', command: expect.stringMatching(/^grpcurl -plaintext -d /) });
  });

  function inShell(command: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      const child = spawn('sh', ['-c', command], { env: box.env, cwd: box.directory });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
  }
});
