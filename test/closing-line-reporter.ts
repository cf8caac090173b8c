/** Ends a run with one plain line that any script can read: `N passed, N failed, N skipped`. */
import type { Reporter, TestModule } from 'vitest/node';

// vitest loads reporters by their default export.
// biome-ignore lint/style/noDefaultExport: see above
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      let failed = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'pending' ? 'failed' : state] += 1;
        if (state === 'failed') failed += 1;
      }
      // A file that could not be loaded, or a suite that could not be set up, has failed without a failing test.
      if (failed === 0 && !module.ok()) counts.failed += 1;
    }
    // The default reporter's summary is written first.
    process.on('exit', () => {
      process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    });
  }
}
