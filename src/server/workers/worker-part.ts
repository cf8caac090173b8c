/** What a server does as one of several: it asks the primary where one process alone would decide. */
import type { LocalControl, ServerControl } from '../control.js';
import type { KeeperLink } from '../faults/fault-site.js';
import type { AgreeOnLoad } from '../model-version.js';
import type { FirstLoads } from '../start-server.js';
import type { Channel } from './channel.js';
import {
  type Order,
  type PrimaryMethods,
  replayOperation,
  startOperation,
  toWireError,
  type WorkerMethods,
} from './messages.js';

export interface Worker {
  /** For `startServer`, with `loads`. */
  control(local: LocalControl): ServerControl;
  loads: FirstLoads;
  /** The keeper, which is in the primary. */
  faults: KeeperLink;
  /** For the primary to call, from `control` on. */
  methods: Pick<WorkerMethods, 'operate' | 'counts'>;
}

/** @param replay what was done since the start, where this worker replaces another */
export function createWorkerPart(primary: Pick<Channel<PrimaryMethods>, 'ask'>, replay?: Order[]): Worker {
  let create = (_local: LocalControl): void => {};
  const created = new Promise<LocalControl>((resolve) => {
    create = resolve;
  });

  const agreeIn =
    (operation: number): AgreeOnLoad =>
    ({ name, version }, phase, error) =>
      primary.ask('agree', {
        operation,
        version: `${name} ${version}`,
        phase,
        ...(error !== undefined && { error: toWireError(error) }),
      });

  const faults: KeeperLink = {
    ticket: (id) => primary.ask('faultTicket', id),
    struck: (id, call) => void primary.ask('faultStruck', { id, call }).catch(() => {}),
    happen: (fault) => void primary.ask('faultHappen', fault).catch(() => {}),
  };

  return {
    faults,
    control(local) {
      create(local);
      return {
        ...local,
        async loadModel(model) {
          local.assertKnown(model);
          await primary.ask('operate', { kind: 'load', model });
        },
        async unloadModel(model) {
          local.assertKnown(model);
          await primary.ask('operate', { kind: 'unload', model });
        },
        counts: () => primary.ask('counts', null),
        faults,
        broadcast: (topic, data) => primary.ask('operate', { kind: 'broadcast', topic, data }),
      };
    },
    loads: {
      async beforeListening(local) {
        if (!replay) return;
        const agree = agreeIn(replayOperation);
        // What failed in the other workers fails here, too, and all have the same state again.
        await Promise.allSettled([local.loadDeclared(agree), ...replay.map((order) => execute(order, local, agree))]);
      },
      afterListening(local) {
        if (replay) return;
        const loaded = local.loadDeclared(agreeIn(startOperation));
        void loaded.then(() => primary.ask('firstLoadsEnded', null)).catch(() => {});
      },
    },
    methods: {
      operate: async ({ operation, order }) => await execute(order, await created, agreeIn(operation)),
      counts: async () => (await created).ownCounts(),
    },
  };
}

async function execute(order: Order, local: LocalControl, agree: AgreeOnLoad): Promise<void> {
  switch (order.kind) {
    case 'load':
      return await local.loadModel(order.model, agree);
    case 'unload':
      return await local.unloadModel(order.model);
    case 'broadcast':
      return await local.broadcast(order.topic, order.data);
  }
}
