/** Adds up what a pull tells of each layer. */
import type { PullProgress } from '../image-store.js';
import type { DaemonMessage } from './replies.js';

interface Layer {
  done: boolean;
  received: number;
  size: number;
  /** How much of it is unpacked: progress, too, and of no interest to anybody. */
  unpacked: number;
}

/** Statuses of a layer that is there. */
const finished = new Set(['Pull complete', 'Already exists']);

/** Reads the messages of one pull. */
export function pullTracker(): {
  /** @returns whether anything has come nearer: not where the daemon only waits for its next attempt */
  take(message: DaemonMessage): boolean;
  progress(): PullProgress;
} {
  const layers = new Map<string, Layer>();
  return {
    take({ id, status, progressDetail }) {
      if (!status || /^Retrying in /.test(status)) return false;
      // `Pulling from …` has the tag as its ID.
      if (!id || /^Pulling from /.test(status)) return true;
      const layer = layers.get(id) ?? { done: false, received: 0, size: 0, unpacked: 0 };
      const known = layers.has(id);
      layers.set(id, layer);
      const { current, total } = progressDetail ?? {};
      if (finished.has(status)) {
        const news = !layer.done;
        Object.assign(layer, { done: true, received: layer.size });
        return news;
      }
      if (status === 'Downloading') {
        const news = (current ?? 0) > layer.received;
        // A layer that is fetched again starts anew, and the sum must not go down for it.
        layer.received = Math.max(layer.received, current ?? 0);
        layer.size = Math.max(layer.size, total ?? 0, layer.received);
        return news || !known;
      }
      if (status === 'Extracting') {
        const news = (current ?? 0) > layer.unpacked;
        layer.unpacked = Math.max(layer.unpacked, current ?? 0);
        layer.received = layer.size = Math.max(layer.size, total ?? 0);
        return news;
      }
      // `Pulling fs layer` comes again with each attempt.
      return !known || (status !== 'Pulling fs layer' && status !== 'Waiting');
    },
    progress() {
      const all = [...layers.values()];
      const sum = (of: (layer: Layer) => number) => all.reduce((total, layer) => total + of(layer), 0);
      return {
        layers: { done: all.filter(({ done }) => done).length, total: all.length },
        bytes: { done: sum(({ received }) => received), total: sum(({ size }) => size) },
      };
    },
  };
}
