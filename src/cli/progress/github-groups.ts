/** Folds the lines of the phases away in the log of GitHub Actions, and leaves the one that failed in sight. */
import { withoutCommands } from '../github.js';
import type { ProgressDisplay } from './display.js';

/** @param lines what writes the phases to the same stream */
export function groupedProgress(lines: ProgressDisplay, stream: NodeJS.WriteStream): ProgressDisplay {
  let open = false;
  const close = () => {
    if (open) stream.write('::endgroup::\n');
    open = false;
  };
  return {
    phaseStarted(phase) {
      if (!open) stream.write('::group::Phases\n');
      open = true;
      lines.phaseStarted(phase);
    },
    phaseDetail: (detail) => lines.phaseDetail(withoutCommands(detail)),
    phaseFinished: (record) => lines.phaseFinished({ ...record, detail: withoutCommands(record.detail) }),
    phaseFailed(phase, ms) {
      close();
      lines.phaseFailed(phase, ms);
    },
    note: (text) => lines.note(withoutCommands(text)),
    end() {
      lines.end();
      close();
    },
  };
}
