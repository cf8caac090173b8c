import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What is run when a command starts, by the packages that it comes from: a chunk, and all that it imports statically. */
function readAtStart(metafile: Metafile, chunk: RegExp): Map<string, number> {
  const first = Object.keys(metafile.outputs).find((path) => chunk.test(path));
  if (first === undefined) throw new Error(`no chunk ${chunk}`);
  const read = new Map<string, number>();
  const seen = new Set<string>();
  const visit = (path: string) => {
    const output = metafile.outputs[path];
    if (output === undefined || seen.has(path)) return;
    seen.add(path);
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
      if (name !== undefined && bytesInOutput > 0) read.set(name, (read.get(name) ?? 0) + bytesInOutput);
    }
    for (const { path: next, kind } of output.imports) if (kind === 'import-statement') visit(next);
  };
  visit(first);
  return read;
}

describe('what a command of the command line needs at its start', () => {
  let metafile: Metafile;
  beforeAll(async () => {
    const script = new URL('../../../scripts/build-cli.js', import.meta.url).href;
    const { cliGraph } = (await import(script)) as { cliGraph: () => BuildOptions & { metafile: true } };
    ({ metafile } = await build({ ...cliGraph(), absWorkingDir: root }));
  });

  const small = ['commander', 'lossless-json', 'ms'];

  it('reads commander and little else for --version', () => {
    const read = readAtStart(metafile, /bin\/main\.js$/);
    expect([...read.keys()].filter((name) => !small.includes(name))).toEqual([]);
  });

  it.each(['status', 'down', 'ls', 'env'])('reads no gRPC, no YAML parser and no spinner for %s', (verb) => {
    const read = readAtStart(metafile, new RegExp(`bin/${verb}-\\w+\\.js$`));
    expect([...read.keys()].filter((name) => ![...small, 'zod'].includes(name))).toEqual([]);
  });

  it('has no language of zod’s but English', () => {
    const languages = Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([path, { bytesInOutput }]) => path.includes('zod/v4/locales/') && bytesInOutput > 0);
    expect(languages.map(([path]) => path.replace(/.*\//, ''))).toEqual(['en.js']);
  });
});
