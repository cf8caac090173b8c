/** Cases of rows: send what is wrong, look whether the server is as before, and judge the answer. */
import type { Case, SuiteName } from '../../case.js';
import { type Route, routeName, routesOf, type ServerProfile } from '../../profile.js';
import { expectAsBefore, goodAnswer } from './afterwards.js';
import { outcomeOf, verdictOf } from './judge.js';
import type { Row } from './row.js';
import type { Attempt } from './sent-request.js';
import type { Target } from './targets.js';

/** A case for each row, each model that it is sent to, and each route on which that can be sent. */
export function casesOfRows(suite: SuiteName, rows: readonly Row[], server: ServerProfile): Case[] {
  return rows
    .filter(({ oursOnly }) => server.ours || !oursOnly)
    .flatMap((row) =>
      row.targets(server).flatMap((target) =>
        routesOf(server).flatMap((route) => {
          const attempt = row.attempt(target, route, server);
          return attempt ? [caseOf(suite, row, target, route, attempt)] : [];
        }),
      ),
    );
}

function caseOf(suite: SuiteName, row: Row, target: Target, route: Route, attempt: Attempt): Case {
  const { id, title, spec, why, perModel } = row;
  const { model } = target;
  const { transport } = route;
  return {
    id: `${suite}/${id}${perModel && model ? `/${model.title}` : ''}/${routeName(route)}`,
    suite,
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
