/** Loads an archive of images into an engine, looks at it while it passes, and at what has come of it. */
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import * as z from 'zod';
import { errorCode } from '../engine/error-code.js';
import { ImageError, type ImageInfo, type ImageStore } from '../engine/image-store.js';
import { BrokenTar, TarWalk } from './tar-walk.js';

/** One image of the archive, as the engine has it now. */
export interface LoadedImage {
  /** What to name it by: its tag, its ID where it has none. */
  reference: string;
  image: ImageInfo;
}

const manifestSchema = z
  .array(
    z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()).nullish() }),
  )
  .min(1);
const configSchema = z.object({ rootfs: z.object({ diff_ids: z.array(z.string()) }) });

/**
 * @param archive as `docker save` writes it, or the same compressed with gzip
 * @param what names it in errors
 * @throws ImageError: IMAGE_ARCHIVE_INVALID when it is not whole or no such archive, and then nothing was loaded;
 * IMAGE_LOAD_FAILED when the engine refuses it, or has got something else
 */
export async function loadArchive(
  images: ImageStore,
  archive: AsyncIterable<Uint8Array>,
  what: string,
  signal?: AbortSignal,
): Promise<LoadedImage[]> {
  const walk = new TarWalk();
  let expected: ExpectedImage[] = [];
  async function* passing() {
    try {
      for await (const chunk of uncompressed(archive)) {
        walk.push(chunk);
        yield chunk;
      }
      // Before the daemon sees the end: what is not whole must not be loaded in part.
      expected = imagesIn(walk.end());
    } catch (error) {
      if (!(error instanceof BrokenTar)) throw error;
      throw new ImageError('IMAGE_ARCHIVE_INVALID', `${what} cannot be loaded: the archive ${error.message}`, {
        hint: 'make it again with kserve-env image save, or docker save',
        cause: error,
      });
    }
  }
  await images.load(passing(), signal);
  return await Promise.all(expected.map((one) => verify(images, one, signal)));
}

/** What the archive says of one image. */
interface ExpectedImage {
  id: string;
  tags: string[];
  layers: string[];
}

function imagesIn(files: ReadonlyMap<string, Buffer>): ExpectedImage[] {
  const manifest = json(files.get('manifest.json'), manifestSchema);
  if (manifest === undefined) throw new BrokenTar('has no manifest.json of docker save');
  return manifest.map(({ Config, RepoTags }) => {
    const bytes = files.get(Config);
    const config = json(bytes, configSchema);
    if (bytes === undefined || config === undefined)
      throw new BrokenTar(`has no image config ${JSON.stringify(Config)}`);
    const id = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return { id, tags: RepoTags ?? [], layers: config.rootfs.diff_ids };
  });
}

function json<Schema extends z.ZodType>(bytes: Buffer | undefined, schema: Schema): z.output<Schema> | undefined {
  try {
    return schema.parse(JSON.parse(bytes?.toString('utf8') ?? ''));
  } catch {
    return undefined;
  }
}

async function verify(images: ImageStore, expected: ExpectedImage, signal?: AbortSignal): Promise<LoadedImage> {
  const { id, tags, layers } = expected;
  const reference = tags[0] ?? id;
  const image = await images.find(reference, signal);
  // Where IDs are given otherwise than by Docker's classic store, the layers still say what it is.
  if (image && (image.id === id || JSON.stringify(image.layers) === JSON.stringify(layers)))
    return { reference, image };
  throw new ImageError('IMAGE_LOAD_FAILED', `The engine has not got ${reference} after loading it`, {
    retryable: true,
    details: { expected: id, found: image?.id ?? null },
  });
}

/** Other compressions are not Node's to undo. */
const unreadable: { magic: number[]; name: string }[] = [
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz' },
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2' },
];

async function* uncompressed(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = archive[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 6) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const begins = (magic: number[]) => magic.every((byte, index) => head[index] === byte);
  const compression = unreadable.find(({ magic }) => begins(magic));
  if (compression) throw new BrokenTar(`is compressed with ${compression.name}, which has to be undone first`);
  async function* whole() {
    yield head;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  if (begins([0x1f, 0x8b])) yield* gunzipped(whole());
  else yield* whole();
}

async function* gunzipped(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // What fails on either side ends the other, and is thrown below.
  pipeline(Readable.from(compressed, { objectMode: false }), gunzip, () => {});
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'Z_BUF_ERROR') throw new BrokenTar('is cut short', { cause: error });
    if (code?.startsWith('Z_')) throw new BrokenTar('is damaged', { cause: error });
    throw error;
  }
}
