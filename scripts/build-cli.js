/** Bundles the command line: few files instead of hundreds, which is most of what its start takes. */
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
 * To import one of Node's own modules is to read each of its exports, and with `node:http` that loads Node's whole fetch,
 * with `node:crypto` its web crypto: a quarter of the start. To require it reads what is used.
 */
const requireBuiltins = {
  name: 'require-builtins',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true },
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }));
  },
};

/** What packages of the CommonJS kind call, which a module has not got. */
const requireForPackages = `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);`;

/** @param outdir a directory two levels below the package's root, such as dist/bin */
export function cliBundle(outdir) {
  return {
    entryPoints: [`${root}src/cli/main.ts`, `${root}src/cli/end-in-time.ts`],
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: '[name]-[hash]',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: requireForPackages },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'linked',
    logLevel: 'warning',
    plugins: [keepPlaces, requireBuiltins],
  };
}

/** @param outdir as `cliBundle` takes it */
export async function buildCli(outdir) {
  await build(cliBundle(outdir));
}
