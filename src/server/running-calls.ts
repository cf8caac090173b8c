/** Counts what runs, and tells when nothing does. */

export interface RunningCalls {
  readonly count: number;
  begin(): void;
  end(): void;
  /** Settles at the next moment at which nothing runs, which may be now. */
  idle(): Promise<void>;
}

export function createRunningCalls(): RunningCalls {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    get count() {
      return count;
    },
    begin: () => {
      count++;
    },
    end: () => {
      count--;
      if (count > 0 || waiting.length === 0) return;
      const resolves = waiting;
      waiting = [];
      for (const resolve of resolves) resolve();
    },
    idle: () => (count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
