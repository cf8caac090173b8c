/** Cases of what is kserve-env's own. */
import { type Case, CaseSkipped } from '../../case.js';

/** The case, skipped for a server that is somebody else's. */
export function ofOurs(one: Case): Case {
  return {
    ...one,
    run: (probe) => {
      if (!probe.server.ours)
        throw new CaseSkipped("faults on demand are kserve-env's own, and this is another server");
      return one.run(probe);
    },
  };
}
