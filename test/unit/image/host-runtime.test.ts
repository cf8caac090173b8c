import { describe, expect, it } from 'vitest';
import { extraLibraryDirs, hostRuntime, nodePath, runtimeObjects } from '../../../src/image/host-runtime.js';

describe("This machine's Node as files of an image", () => {
  it('has the executable, and the libraries where they were loaded from', async () => {
    const { files } = await hostRuntime();
    expect(files.find(({ target }) => target === nodePath)?.size).toBeGreaterThan(1_000_000);
    for (const { source, size } of files) {
      expect(source).toMatch(/^\//);
      expect(size).toBeGreaterThan(0);
    }
  });

  it('leaves out the kernel page, add-ons and what is named twice', () => {
    const objects = ['linux-vdso.so.1', '/lib/libc.so.6', '/app/x.node', '/usr/bin/node', '/lib/libc.so.6'];
    expect(runtimeObjects(objects, '/usr/bin/node')).toEqual(['/lib/libc.so.6']);
  });

  it('is the executable alone where Node is statically linked', async () => {
    const { files, libraryPath } = await hostRuntime(process.execPath, []);
    expect(files.map(({ target }) => target)).toEqual([nodePath]);
    expect(libraryPath).toEqual([]);
  });

  it.each([
    [['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2'], []],
    [['/usr/lib/aarch64-linux-gnu/libm.so.6', '/usr/lib64/libm.so.6'], []],
    [['/lib/ld-musl-x86_64.so.1', '/usr/lib/libstdc++.so.6'], []],
    [
      ['/nix/store/abc-glibc/lib/libc.so.6', '/nix/store/abc-glibc/lib/ld-linux-x86-64.so.2'],
      ['/nix/store/abc-glibc/lib'],
    ],
  ])('tells the loader of directories that it does not search: %j', (objects, expected) => {
    expect(extraLibraryDirs(objects)).toEqual(expected);
  });

  it('fails with a name when a file cannot be read', async () => {
    await expect(hostRuntime('/nonexistent/node', [])).rejects.toMatchObject({ code: 'IMAGE_ASSEMBLY_FAILED' });
  });
});
