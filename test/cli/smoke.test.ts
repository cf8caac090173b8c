import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf } from './json-schemas.js';
import { type CliResult, type Sandbox, sandbox } from './run-cli.js';

/** A gateway in front of a REST server that garbles the id of an inference, and blabs out what it is let in with. */
async function forgetful(http: string): Promise<{ url: string; server: Server }> {
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url } = incoming;
    if (url === '/v2' && headers.authorization !== undefined) {
      outgoing.writeHead(500).end(JSON.stringify({ error: `no entry with ${headers.authorization}` }));
      return;
    }
    const onward = request(new URL(url ?? '/', http), { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        const text = body.toString('latin1');
        // As long as before, so that no length is wrong.
        const changed = /\/infer$/.test(url ?? '') ? text.replace(/"id":"[^"]/, '"id":"?') : text;
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        outgoing.end(Buffer.from(changed, 'latin1'));
      });
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const few = ['--suite', 'health,metadata'];
const wrong = ['--case', 'infer/id', '--case', 'health/live'];

describe('smoke', () => {
  let box: Sandbox;
  let grpc: string;
  let gateway: { url: string; server: Server };
  let target: string[];
  beforeAll(async () => {
    box = sandbox();
    const { answer } = await box.json(['up']);
    grpc = answer.data.endpoints.grpc;
    gateway = await forgetful(answer.data.endpoints.http);
    target = ['--endpoint', grpc, '--rest-url', gateway.url];
  });
  afterAll(async () => {
    gateway.server.close();
    gateway.server.closeAllConnections();
    await box.run(['down']);
    box[Symbol.dispose]();
  });
  const smoke = (...args: string[]) => box.run(['smoke', ...args]);

  it('shows a line a suite, and nothing on stderr but the phase', async () => {
    const { code, stdout, stderr } = await smoke(...few);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^✔ health {4}\d+ passed +\d+ ms\n✔ metadata {2}\d+ passed +\d+ .*\n\d+ passed, 0 failed in .*\n$/,
    );
    expect(stderr).toMatch(/^✔ Smoke checks +.*passed, 0 failed\n$/);
  });

  it('of a server that is wrong shows request and answer, ends with 9, and says how to run the case alone', async () => {
    const { code, stdout, stderr } = await smoke(...wrong, ...target);
    expect(code).toBe(9);
    expect(stdout).toMatch(/^✔ health/m);
    expect(stdout).toMatch(/^✖ infer/m);
    expect(stdout).toMatch(/→ REST /);
    expect(stdout).toMatch(/← after /);
    expect(stderr).toMatch(/error: \d+ of \d+ checks failed/);
    const alone = /alone {2}(kserve-env smoke .*)/.exec(stdout)?.[1]?.split(' ').slice(1) ?? [];
    expect(alone).toContain(gateway.url);
    const again = await box.json(alone);
    expect(again).toMatchObject({ code: 9, answer: { data: { summary: { failed: 1, passed: 0 } } } });
  });

  it('writes every report, of a failure too, and says where', async () => {
    const reports = ['--junit', 'deep/er/smoke.xml', '--markdown', 'smoke.md', '--html', 'smoke.html'];
    const { code, stdout } = await smoke(...wrong, ...target, ...reports);
    expect(code).toBe(9);
    const read = (name: string) => readFileSync(join(box.directory, name), 'utf8');
    for (const name of ['deep/er/smoke.xml', 'smoke.md', 'smoke.html']) {
      expect(stdout).toContain(`Wrote ${join(box.directory, name)}`);
    }
    const xml = read('deep/er/smoke.xml');
    expect(XMLValidator.validate(xml)).toBe(true);
    const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(xml);
    expect(Number(testsuites.failures)).toBeGreaterThan(0);
    expect(read('smoke.md')).toMatch(/^### ✖ kserve-env smoke: \d+ passed, \d+ failed/);
    expect(read('smoke.html')).toContain('→ REST ');
    // What a bundle that is read byte by byte would make of an arrow.
    for (const name of ['deep/er/smoke.xml', 'smoke.md', 'smoke.html'])
      expect(read(name)).not.toMatch(/[\u0080-\u009f]/);
    expect(read('smoke.html')).toMatch(/<title>✖ \d+ of \d+ checks failed/);
    expect(readdirSync(box.directory).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('of our environment tells in its page how long it took to set up', async () => {
    await smoke('--suite', 'health', '--html', 'ours.html');
    const page = readFileSync(join(box.directory, 'ours.html'), 'utf8');
    expect(page).toContain('id="set-up"');
    expect(page).toContain('Warm-up inference');
  });

  it.each([
    ['--junit', /^<\?xml .*<\/testsuites>\n$/s],
    ['--markdown', /^### ✔ kserve-env smoke: .*\|\n$/s],
    ['--html', /^<!doctype html>.*<\/html>\n$/s],
  ])('%s - is the report alone on standard output', async (flag, form) => {
    const { code, stdout } = await smoke('--suite', 'health', flag, '-');
    expect({ code, fits: form.test(stdout) }).toEqual({ code: 0, fits: true });
  });

  it('replaces a report of yesterday, and what a link leads to rather than the link', async () => {
    const [file, link] = [join(box.directory, 'old.xml'), join(box.directory, 'link.xml')];
    writeFileSync(file, 'old');
    symlinkSync(file, link);
    expect((await smoke('--suite', 'health', '--junit', 'link.xml')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/^<\?xml/);
    expect(
      readdirSync(box.directory, { withFileTypes: true })
        .find(({ name }) => name === 'link.xml')
        ?.isSymbolicLink(),
    ).toBe(true);
  });

  it('writes into a device rather than in its place', async () => {
    const before = statSync('/dev/null').ino;
    expect((await smoke('--suite', 'health', '--junit', '/dev/null')).code).toBe(0);
    expect(statSync('/dev/null')).toMatchObject({ ino: before });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('bails after the first failure, and says how many cases were left', async () => {
    const { code, answer } = await box.json(['smoke', ...wrong, ...target, '--bail']);
    expect(code).toBe(9);
    expect(answer.data.summary.failed).toBe(1);
    expect(answer.data.notRun).toBeGreaterThan(0);
  });

  it('repeats each case', async () => {
    const { answer } = await box.json(['smoke', '--case', 'health/live', '--repeat', '3']);
    for (const one of answer.data.cases) expect(one.repeats).toEqual({ runs: 3, failed: 0 });
  });

  it('checks the models that are named, and no others', async () => {
    const { answer } = await box.json(['smoke', '--suite', 'metadata', '-m', 'identity', '--model', 'simple']);
    expect(answer.data.server.models).toEqual(['identity', 'simple']);
  });

  it('believes what it is told that a model computes', async () => {
    const values = ['--case', 'infer/values', '-m', 'simple_scaler', ...target];
    const right = await box.json(['smoke', ...values, '--expect', 'simple_scaler:scale=2']);
    const other = await box.json(['smoke', ...values, '--expect', 'scale=3']);
    expect([right.code, other.code]).toEqual([0, 9]);
  });

  it('has failures with their exchanges in JSON, as the schema says', async () => {
    const { code, answer } = await box.json(['smoke', ...wrong, ...target]);
    expect(code).toBe(9);
    expect(answerOf('smoke', 'error').safeParse(answer).error).toBeUndefined();
    const failed = answer.data.cases.filter(({ status }: { status: string }) => status === 'failed');
    expect(failed[0].exchanges[0].request.join()).toContain('id');
  });

  it('lets notes fail where it is strict', async () => {
    const cases = ['smoke', '--endpoint', grpc, '--case', 'health/live'];
    expect((await box.json([...cases, '--strict'])).answer.data).toMatchObject({ strict: true, notRun: 0 });
  });

  it('shows no token that a server sends back', async () => {
    const page = ['--html', 'secret.html', '--junit', 'secret.xml', '--markdown', 'secret.md'];
    const args = ['--suite', 'metadata', ...target, '--token', 'a-very-secret-word', '--verbose', ...page];
    const { stdout, stderr } = await smoke(...args, '--json');
    const files = ['secret.html', 'secret.xml', 'secret.md'].map((name) =>
      readFileSync(join(box.directory, name), 'utf8'),
    );
    for (const text of [stdout, stderr, ...files]) expect(text).not.toContain('a-very-secret-word');
    for (const text of [stdout, ...files]) expect(text).toContain('no entry with Bearer ***');
  });

  it('adds a summary to a job of GitHub, by suite', async () => {
    const summary = join(box.directory, 'summary.md');
    await box.run(['smoke', ...few], { env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary } });
    expect(readFileSync(summary, 'utf8')).toMatch(/^### ✔ kserve-env smoke: .*\| health \|.*\| metadata \|/s);
  });

  describe('with words that mean nothing', () => {
    it.each([
      { args: ['--suite', 'helth'], says: 'the suites are health, metadata, infer' },
      { args: ['--suite', 'health,'], says: 'the suites are health' },
      { args: ['--expect', 'simple_scaler'], says: 'for example scale=2' },
      { args: ['--expect', 'scale=two'], says: 'for example scale=2' },
      { args: ['--repeat', '0'], says: 'at least 1' },
      { args: ['--concurrency', 'many'], says: 'whole number' },
      { args: ['--timeout', '10'], says: 'duration' },
      { args: ['--junit', '-', '--html', '-'], says: 'Standard output takes one report' },
      { args: ['--junit', '-', '--json'], says: 'Standard output cannot have both' },
      { args: ['--junit', 'same', '--html', './same'], says: 'name the same file' },
      { args: ['--list', '--junit', 'x.xml'], says: '--list runs nothing' },
      { args: ['--junit', '.'], says: 'is a directory' },
      { args: ['--junit', '/proc/no/such.xml'], says: 'cannot be written' },
      { args: ['--html', 'file/below/a/file.html'], says: 'cannot be written' },
    ])('$args ends with 2 before a single case', async ({ args, says }) => {
      writeFileSync(join(box.directory, 'file'), '');
      const { code, stdout, stderr } = await smoke(...args);
      const said: Pick<CliResult, 'code' | 'stdout'> = { code, stdout: args.includes('--json') ? '' : stdout };
      expect(said).toEqual({ code: 2, stdout: '' });
      expect(`${stdout}${stderr}`).toContain(says);
    });

    it('a case that is none is a failure, with the next command', async () => {
      const { code, stderr } = await smoke('--case', 'no/such');
      expect(code).toBe(9);
      expect(stderr).toContain('No case was chosen');
      expect(stderr).toContain('kserve-env smoke --list');
    });
  });

  describe('--list', () => {
    it('asks the server, and runs nothing', async () => {
      const { code, answer } = await box.json(['smoke', '--list', '--suite', 'metadata', '-m', 'identity']);
      expect(code).toBe(0);
      expect(answerOf('smoke --list', 'ok').safeParse(answer).error).toBeUndefined();
      expect(answer.data).toMatchObject({ asked: true, server: { name: 'kserve-env', models: ['identity'] } });
    });

    it('is the same of our default server whether it runs or not', async () => {
      const ids = ({ data }: { data: { cases: { id: string }[] } }) => data.cases.map(({ id }) => id).sort();
      const asked = await box.json(['smoke', '--list']);
      const planned = await box.json(['smoke', '--list', '--name', 'nobody']);
      expect([asked.answer.data.asked, planned.answer.data.asked]).toEqual([true, false]);
      expect(ids(planned.answer)).toEqual(ids(asked.answer));
    });

    it('has ids that --case takes, and more where more is asked for', async () => {
      const { stdout } = await smoke('--list', '--suite', 'health');
      const [id = ''] = stdout.split(/\s/);
      expect((await smoke('--case', id)).code).toBe(0);
      const verbose = await smoke('--list', '--suite', 'health', '--verbose');
      expect(verbose.stdout).toMatch(/^ {2}spec {2}\S/m);
      expect(verbose.stdout).toMatch(/^ {2}why {3}\S/m);
    });
  });
});
