import { defineConfig } from 'vitest/config';

/** One project a kind of test, so that a machine runs what it can and names what it cannot. */
const project = (
  name: string,
  include: string[],
  options: { timeoutMs: number; serial?: boolean; setup?: string },
) => ({
  extends: true as const,
  test: {
    name,
    include,
    testTimeout: options.timeoutMs,
    hookTimeout: options.timeoutMs,
    fileParallelism: !options.serial,
    // Modules that a test writes are Node's to import, as users' modules are.
    server: { deps: { external: [/kserve-env-config-/] } },
    // What these tests run is the built product.
    ...(options.serial && { globalSetup: options.setup ?? './test/prepare-setup.ts' }),
  },
});

export default defineConfig({
  test: {
    reporters: ['default', './test/closing-line-reporter.ts'],
    projects: [
      project('unit', ['test/unit/**/*.test.ts'], { timeoutMs: 20_000 }),
      project('process', ['test/process/**/*.test.ts', 'test/cli/**/*.test.ts', 'test/docs/**/*.test.ts'], {
        timeoutMs: 60_000,
        serial: true,
      }),
      project('docker', ['test/docker/**/*.test.ts'], { timeoutMs: 120_000, serial: true }),
      project('podman', ['test/podman/**/*.test.ts'], {
        timeoutMs: 120_000,
        serial: true,
        setup: './test/podman/podman-setup.ts',
      }),
      project('browser', ['test/browser/**/*.test.ts'], { timeoutMs: 120_000 }),
      project('interop', ['test/interop/**/*.test.ts'], { timeoutMs: 120_000, serial: true }),
    ],
  },
});
