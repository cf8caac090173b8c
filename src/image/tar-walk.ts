/**
 * Reads a tar archive as it passes by: what small files it has, and whether it is whole. tar-stream, which writes ours,
 * takes one for whole that ends between two files.
 */

const block = 512;
/** Configs and manifests are kept, layers are not. In bytes. */
const largestKept = 1024 * 1024;
const mostKept = 16 * 1024 * 1024;

/** What is wrong with an archive, in words that follow "the archive". */
export class BrokenTar extends Error {}

/** Give it all bytes in order, then ask. Source: POSIX.1-2017, pax, "ustar Interchange Format". */
export class TarWalk {
  private header = Buffer.alloc(block);
  private filled = 0;
  /** Bytes of the current entry that are still to come, and of its padding. */
  private left = 0;
  private padding = 0;
  private current: { name: string; pieces: Buffer[] } | undefined;
  private kept = 0;
  private ended = false;
  private begun = false;
  private readonly files = new Map<string, Buffer>();

  /** @throws BrokenTar */
  push(chunk: Uint8Array): void {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0 && !this.ended) {
      if (this.left > 0) rest = this.content(rest);
      else if (this.padding > 0) {
        const skipped = Math.min(this.padding, rest.length);
        this.padding -= skipped;
        rest = rest.subarray(skipped);
      } else {
        const taken = rest.copy(this.header, this.filled, 0, block - this.filled);
        this.filled += taken;
        rest = rest.subarray(taken);
        if (this.filled === block) this.entry();
      }
    }
  }

  /**
   * The small files, by their names, once all has been pushed.
   * @throws BrokenTar when the end is missing
   */
  end(): ReadonlyMap<string, Buffer> {
    if (this.ended) return this.files;
    if (this.begun) throw new BrokenTar('is cut short');
    throw new BrokenTar(this.filled > 0 ? 'is no tar archive' : 'is empty');
  }

  private content(bytes: Buffer): Buffer {
    const piece = bytes.subarray(0, this.left);
    this.left -= piece.length;
    // A copy: the bytes belong to a buffer that is used again.
    this.current?.pieces.push(Buffer.from(piece));
    if (this.left === 0 && this.current) {
      this.files.set(this.current.name, Buffer.concat(this.current.pieces));
      this.current = undefined;
    }
    return bytes.subarray(piece.length);
  }

  private entry(): void {
    const { header } = this;
    this.filled = 0;
    if (header.every((byte) => byte === 0)) {
      // Without an entry before it, it is no archive but zeros.
      if (!this.begun) throw new BrokenTar('has nothing in it');
      this.ended = true;
      return;
    }
    if (!checksumFits(header)) throw new BrokenTar(this.begun ? 'is damaged' : 'is no tar archive');
    this.begun = true;
    const size = sizeOf(header);
    this.left = size;
    this.padding = (block - (size % block)) % block;
    const isFile = header[156] === 0 || header[156] === 0x30;
    const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '');
    if (!isFile || size === 0 || size > largestKept || this.kept + size > mostKept) return;
    this.kept += size;
    this.current = { name: name.replace(/^\.\//, ''), pieces: [] };
  }
}

function checksumFits(header: Buffer): boolean {
  const written = Number.parseInt(header.toString('latin1', 148, 156), 8);
  // Of all bytes, its own field taken as spaces.
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  return sum === written;
}

/** Octal digits; what does not fit into them is in binary, marked by the first bit (GNU tar). */
function sizeOf(header: Buffer): number {
  if (((header[124] ?? 0) & 0x80) === 0) return Number.parseInt(header.toString('latin1', 124, 136), 8) || 0;
  return Number(header.readBigUInt64BE(128));
}
