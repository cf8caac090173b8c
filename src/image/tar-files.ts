/** Small files in memory as a tar archive, the same bytes for the same files. */
import { pack } from 'tar-stream';

/** Owner root, time zero. */
export async function* packFiles(files: { name: string; content: Buffer | string }[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const { name, content } of files) {
    tar.entry({ name, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' }, content);
  }
  tar.finalize();
  for await (const chunk of tar) yield chunk as Uint8Array;
}
