import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadArchive } from '../../../src/image/load-archive.js';
import { packFiles } from '../../../src/image/tar-files.js';
import { TarWalk } from '../../../src/image/tar-walk.js';
import { type FakeImages, fakeImages } from '../../fakes/fake-images.js';

const sha256 = (data: Buffer | string) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

async function tar(files: { name: string; content: Buffer | string }[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packFiles(files)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* inPieces(bytes: Buffer, sizes: number[] = []): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

describe('Loading an archive', () => {
  const layer = Buffer.alloc(700, 1);
  const config = JSON.stringify({ config: { Labels: {} }, rootfs: { diff_ids: [sha256(layer)] } });
  const manifest = [{ Config: 'c.json', RepoTags: ['team/x:1'], Layers: ['layer.tar'] }];
  const files = [
    { name: 'layer.tar', content: layer },
    { name: 'c.json', content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ];
  let images: FakeImages;
  let whole: Buffer;
  beforeEach(async () => {
    images = fakeImages();
    whole = await tar(files);
  });
  const load = (bytes: Buffer, sizes?: number[]) => loadArchive(images, inPieces(bytes, sizes), 'x.tar');

  it('tells what came of it, whatever the pieces it comes in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 8 }), async (sizes) => {
        const [loaded, ...others] = await load(whole, sizes);
        expect(others).toEqual([]);
        expect(loaded).toMatchObject({ reference: 'team/x:1', image: { id: sha256(config) } });
      }),
      { numRuns: 50 },
    );
  });

  it('takes the same compressed with gzip', async () => {
    expect(await load(gzipSync(whole), [3, 5])).toMatchObject([{ reference: 'team/x:1' }]);
  });

  it('loads nothing of an archive that is cut anywhere before its end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length - 1024 }), async (length) => {
        const error = await load(whole.subarray(0, length)).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({
          code: 'IMAGE_ARCHIVE_INVALID',
          message: expect.stringMatching(/^x\.tar cannot/),
        });
        expect(await images.find('team/x:1')).toBeUndefined();
      }),
      { numRuns: 100 },
    );
    await expect(load(gzipSync(whole).subarray(0, 200))).rejects.toThrow(/is cut short/);
  });

  it.each([
    ['nothing', Buffer.alloc(0), /is empty/],
    ['zeros', Buffer.alloc(2048), /has nothing in it/],
    ['text', Buffer.from('hello '.repeat(200)), /is no tar archive/],
    ['a short text', Buffer.from('hello'), /is no tar archive/],
    ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]), /compressed with zstd/],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), /compressed with xz/],
    ['gzip of text', gzipSync('hello'), /is no tar archive/],
    ['damaged gzip', Buffer.concat([gzipSync('x').subarray(0, 10), Buffer.alloc(600, 0xff)]), /is damaged/],
  ])('refuses %s', async (_, bytes, words) => {
    const error = await load(bytes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'IMAGE_ARCHIVE_INVALID', exitCode: 6, message: expect.stringMatching(words) });
  });

  it.each([
    ['another archive', [{ name: 'readme', content: 'hello' }], /no manifest\.json/],
    ['a manifest without an image', [{ name: 'manifest.json', content: '[]' }], /no manifest\.json/],
    ['a manifest whose config is absent', [files[2] ?? { name: '', content: '' }], /no image config "c\.json"/],
  ])('refuses %s', async (_, content, words) => {
    await expect(load(await tar(content))).rejects.toThrow(words);
  });

  it('refuses an archive with a damaged header', async () => {
    const second = 512 + 1024;
    whole[second + 3] = (whole[second + 3] ?? 0) ^ 1;
    await expect(load(whole)).rejects.toThrow(/is damaged/);
  });

  it('does not believe an engine that has something else', async () => {
    images.find = async () => ({ id: 'x', layers: [], labels: {}, tags: [], digests: [], os: '', architecture: '' });
    await expect(load(whole)).rejects.toMatchObject({ code: 'IMAGE_LOAD_FAILED' });
  });

  it('reads a size that is written in binary', () => {
    const header = Buffer.from(whole.subarray(0, 512));
    header.writeUInt8(0x80, 124);
    header.fill(0, 125, 128);
    header.writeBigUInt64BE(9n * 1024n ** 3n, 128);
    header.write('        ', 148, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const walk = new TarWalk();
    walk.push(header);
    walk.push(Buffer.alloc(2048));
    expect(() => walk.end()).toThrow('is cut short');
  });
});
