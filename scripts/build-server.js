/** Bundles the server to the one file that goes into the image and that the process engine runs. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The bundle stands alone: the proto files become strings in it. */
const inlineProtos = {
  name: 'inline-protos',
  setup(esbuild) {
    esbuild.onLoad({ filter: /protocol[\\/]proto-source\.ts$/ }, async () => {
      const texts = await readProtos();
      const contents = `const texts = ${JSON.stringify(texts)};
        export function readProto(path = 'inference.proto') { return texts[path]; }`;
      return { contents, loader: 'ts' };
    });
  },
};

/** Text of every file of proto/ that the server speaks, by the path that protobuf knows it by. */
async function readProtos() {
  const names = await readdir(`${root}proto`, { recursive: true });
  const paths = names
    .filter((name) => name.endsWith('.proto') && !name.startsWith('opentelemetry'))
    .map((name) => name.replaceAll('\\', '/'));
  const texts = paths.sort().map(async (path) => [path, await readFile(`${root}proto/${path}`, 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}

export async function buildServer(outfile = `${root}dist/kserve-server.cjs`) {
  await build({
    entryPoints: [`${root}src/server/main.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    // Identifiers stay, for stack traces. `keepNames` would do so too, with a call for every closure that is made: it took
    // grpc-js from 60 to 99 microseconds a request.
    minifyWhitespace: true,
    legalComments: 'linked',
    logLevel: 'warning',
    plugins: [inlineProtos],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildServer();
