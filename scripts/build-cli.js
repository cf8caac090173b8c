/** Bundles the command line: one file instead of hundreds, which is most of what its start takes. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A module that looks for files beside itself finds them from the bundle as it does from where tsc puts it. */
const keepPlaces = {
  name: 'keep-places',
  setup(esbuild) {
    esbuild.onLoad({ filter: /src[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const place = `../${relative(`${root}src`, path).replaceAll('\\', '/').replace(/\.ts$/, '.js')}`;
      const contents = text.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`);
      return { contents, loader: 'ts' };
    });
  },
};

/**
 * What `import.meta.url` is in a file of the CommonJS kind. And zod need not write a program for each schema, which is
 * read once or twice: what `z.config({ jitless: true })` sets, set before there is a schema.
 */
const head = `const __ownUrl=require('node:url').pathToFileURL(__filename).href;globalThis.__zod_globalConfig={jitless:true};`;

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'warning',
  plugins: [keepPlaces],
};

/**
 * One file for each program: V8 keeps the compiled code of such a file, and Node has one to find instead of sixty.
 * @param outdir a directory two levels below the package's root, such as dist/bin
 */
function programFile(entryPoint, outdir) {
  return {
    ...common,
    entryPoints: [`${root}${entryPoint}`],
    outdir,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.url': '__ownUrl' },
    banner: { js: head },
  };
}

/** @param outdir as `programFile` takes it */
export async function buildCli(outdir) {
  await build(programFile('src/cli/main.ts', outdir));
  await build(programFile('src/cli/end-in-time.ts', outdir));
  const digest = createHash('sha256')
    .update(await readFile(`${outdir}/main.cjs`))
    .digest('hex')
    .slice(0, 16);
  const launch = programFile('src/cli/launch.ts', outdir);
  launch.define.program = JSON.stringify({ file: 'main.cjs', digest });
  await build(launch);
}

/** Which modules a command needs at its start, and which only when it comes to them: as chunks, for a test to look at. */
export function cliGraph() {
  return {
    ...common,
    entryPoints: [`${root}src/cli/main.ts`],
    outdir: `${root}dist/bin`,
    format: 'esm',
    splitting: true,
    chunkNames: '[name]-[hash]',
    write: false,
    metafile: true,
  };
}
