/** What a server must refuse, and that it is alive and right afterwards. */
import type { Case } from '../../case.js';
import { type Route, routeName, routesOf, type ServerProfile } from '../../profile.js';
import { expectAsBefore, goodAnswer } from './afterwards.js';
import { contentsRows } from './contents-rows.js';
import { elementRows } from './element-rows.js';
import { jsonRows } from './json-rows.js';
import { outcomeOf, verdictOf } from './judge.js';
import { messageRows } from './message-rows.js';
import { namesRows } from './names-rows.js';
import { rawRows } from './raw-rows.js';
import { routeRows } from './route-rows.js';
import type { Row } from './row.js';
import type { Attempt } from './sent-request.js';
import { shapeRows } from './shape-rows.js';
import type { Target } from './targets.js';

/** The table of docs/bad-input.md, in its order as far as that can be. */
const table: readonly Row[] = [
  ...namesRows,
  ...shapeRows,
  ...contentsRows,
  ...rawRows,
  ...elementRows,
  ...jsonRows,
  ...routeRows,
  ...messageRows,
];

/** A case for each row, each model that it is sent to, and each route on which that can be sent. */
export function errorsCases(server: ServerProfile): Case[] {
  return table
    .filter(({ oursOnly }) => server.ours || !oursOnly)
    .flatMap((row) =>
      row.targets(server).flatMap((target) =>
        routesOf(server).flatMap((route) => {
          const attempt = row.attempt(target, route, server);
          return attempt ? [caseOf(row, target, route, attempt)] : [];
        }),
      ),
    );
}

function caseOf(row: Row, target: Target, route: Route, attempt: Attempt): Case {
  const { id, title, spec, why, perModel } = row;
  const { model } = target;
  const { transport } = route;
  return {
    id: `errors/${id}${perModel && model ? `/${model.title}` : ''}/${routeName(route)}`,
    suite: 'errors',
    title: `${title}${perModel && model ? ` by ${model.title}` : ''} (${routeName(route)})`,
    spec,
    why,
    transports: [transport],
    ...(model && { model: model.name }),
    async run(probe) {
      const before = await goodAnswer(probe, target, transport);
      const outcome = await outcomeOf(probe, attempt);
      await expectAsBefore(probe, transport, before);
      return verdictOf(row, transport, outcome, probe.server);
    },
  };
}
