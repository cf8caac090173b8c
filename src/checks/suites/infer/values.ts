/** Exact answers of models whose mathematics are known: in each datatype, at its edges, and in each shape. */
import type { Datatype } from '../../../protocol/datatype.js';
import { type Case, CaseSkipped } from '../../case.js';
import type { Probe } from '../../probe.js';
import { type ModelProfile, type Route, routeName, routesOf, type ServerProfile } from '../../profile.js';
import { carries } from '../model-routes.js';
import { askExactly, type Judgement, type Question } from './ask.js';
import { edgesOf, isCarried } from './edges.js';
import {
  elementsQuestion,
  type KnownModel,
  knownModel,
  rowsQuestion,
  shapeQuestion,
  takes,
  valuesQuestion,
} from './questions.js';

/** Shapes that are tried, where the model may take them. */
const shapes: readonly { id: string; shape: readonly number[] }[] = [
  { id: 'vector', shape: [5] },
  { id: 'row', shape: [1, 5] },
  { id: 'matrix', shape: [2, 3] },
  { id: 'scalar', shape: [] },
  { id: 'empty', shape: [0] },
  { id: 'empty-matrix', shape: [2, 0] },
];

const valueSpec =
  'OIP, Tensor Data: row-major, little-endian in raw form, each datatype in the field or JSON type that it has; what a model computes is known';
const shapeSpec =
  'OIP, Tensor Data: the shape says how many elements there are; [] is one, and a dimension of 0 none at all';

/** The cases of a model with known mathematics; a single one that says why where the mathematics do not go with it. */
export function valueCases(server: ServerProfile, model: ModelProfile): Case[] {
  const { mathematics } = model;
  if (mathematics === undefined) return [];
  const known = knownModel(model, mathematics);
  if (typeof known === 'string') return [misfit(server, model, known)];
  return known.datatypes.flatMap((datatype) =>
    routesOf(server)
      .filter((route) => carries(route, datatype))
      .flatMap((route) => datatypeCases(server, known, datatype, route)),
  );
}

function datatypeCases(server: ServerProfile, known: KnownModel, datatype: Datatype, route: Route): Case[] {
  const { mathematics, model } = known;
  const taken = mayRefuse(server, model, datatype);
  const make = (what: Omit<Known, 'known' | 'datatype' | 'route'>) =>
    knownCase({ known, datatype, route, ...what, judgement: { ...what.judgement, ...taken } });
  const usual = make({
    id: 'values',
    title: `answers ${datatype} exactly`,
    question: () => valuesQuestion(server, known, datatype),
  });
  // What every inference waits for is waited for once a route.
  if (model.config?.latency !== undefined) return [usual];
  const edges = edgesOf(datatype).filter((edge) => isCarried(server, route, edge));
  const values =
    mathematics.kind !== 'identity'
      ? [usual]
      : edges.map((edge) =>
          make({
            id: edge.id,
            title: `returns ${edge.what} in ${datatype}`,
            question: () => elementsQuestion(known, datatype, edge.elements()),
            judgement: { bits: edge.carried === 'bits' },
          }),
        );
  // How shapes are treated does not depend on the datatype, but for where nothing is done with the elements.
  const isFirst = datatype === (known.datatypes.includes('FP64') ? 'FP64' : known.datatypes[0]);
  const shaped = isFirst || mathematics.kind === 'identity' ? shapeCases(server, known, datatype, make) : [];
  return [...values, ...shaped];
}

type Make = (what: Omit<Known, 'known' | 'datatype' | 'route'>) => Case;

function shapeCases(server: ServerProfile, known: KnownModel, datatype: Datatype, make: Make): Case[] {
  const shapeTitle = (shape: readonly number[]) => `keeps the shape [${shape.join(', ')}] of ${datatype}`;
  if (known.mathematics.kind === 'linear') {
    return [
      { id: 'row', rows: 1, title: `predicts from one row of ${datatype}` },
      { id: 'empty', rows: 0, title: `predicts nothing from no row of ${datatype}` },
    ].map(({ id, rows, title }) =>
      make({
        id,
        title,
        spec: shapeSpec,
        question: () => rowsQuestion(server, known, datatype, rows),
        judgement: { shape: true, ...(rows === 0 && emptyRefused) },
      }),
    );
  }
  return shapes.flatMap(({ id, shape }) => {
    const taken = takes(server, known, shape);
    if (taken === 'never') return [];
    const refusal = taken === 'maybe' ? { refusal: { skip: 'the model takes vectors alone' } } : {};
    return make({
      id,
      title: shapeTitle(shape),
      spec: shapeSpec,
      question: () => shapeQuestion(server, known, datatype, shape),
      judgement: { shape: true, ...(shape.includes(0) && emptyRefused), ...refusal },
    });
  });
}

/** A datatype that is in no table of the OIP, or that nobody says the model takes. */
function mayRefuse({ ours }: ServerProfile, { metadata }: ModelProfile, datatype: Datatype): Judgement {
  if (ours) return {};
  if (datatype === 'BF16') {
    return { refusal: { note: 'BF16 is refused: Triton has it, and the table of datatypes of the OIP has not' } };
  }
  if (metadata.inputs.length > 0) return {};
  return { refusal: { note: `${datatype} is refused, and the metadata do not say whether it is taken` } };
}

const emptyRefused: Judgement = {
  refusal: { note: 'empty tensors are refused; MLServer and KServe take them' },
};

interface Known {
  known: KnownModel;
  datatype: Datatype;
  route: Route;
  id: string;
  title: string;
  spec?: string;
  question: () => Question;
  judgement?: Judgement;
}

function knownCase({
  known: { model },
  datatype,
  route,
  id,
  title,
  spec = valueSpec,
  question,
  judgement,
}: Known): Case {
  const { name, title: modelTitle } = model;
  return {
    id: `infer/values/${modelTitle}/${datatype}/${id}/${routeName(route)}`,
    suite: 'infer',
    title: `${modelTitle} ${title} (${routeName(route)})`,
    spec,
    why: 'a client computes with values that nobody sent',
    transports: [route.transport],
    model: name,
    run: (probe: Probe) => askExactly(probe, model, route, question(), judgement),
  };
}

function misfit({ transports }: ServerProfile, { name, title, mathematics }: ModelProfile, why: string): Case {
  return {
    id: `infer/values/${title}`,
    suite: 'infer',
    title: `${title} computes ${mathematics?.kind ?? 'what is expected'}`,
    spec: valueSpec,
    why: 'what is expected of a model cannot be asked of it',
    transports: transports.slice(0, 1),
    model: name,
    run: async () => {
      throw new CaseSkipped(why);
    },
  };
}
