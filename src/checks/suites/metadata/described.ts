/** What makes a model's metadata usable: names that are there and differ, datatypes that exist, shapes that can be. */
import { isDatatype } from '../../../protocol/datatype.js';
import type { TensorMetadata } from '../../../protocol/tensor.js';
import { CaseFailure, expectEqual, expectThat } from '../../case.js';
import type { ServerProfile } from '../../profile.js';
import { joinNotes, unusual } from '../../verdict.js';

/** @throws CaseFailure where no client could use these; @returns what is legal and unusual about them */
export function judgeTensors(
  server: ServerProfile,
  role: 'input' | 'output',
  tensors: readonly TensorMetadata[],
): string | undefined {
  const names = tensors.map(({ name }) => name);
  expectEqual(
    `names of two ${role}s`,
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
  return joinNotes(
    tensors.flatMap(({ name, datatype, shape }, index) => {
      expectThat(name !== '', `${role} ${index} has no name`);
      return [datatypeNote(server, `${role} ${name}`, datatype), shapeNote(server, `${role} ${name}`, shape)];
    }),
  );
}

function datatypeNote(server: ServerProfile, subject: string, datatype: string): string | undefined {
  if (isDatatype(datatype)) return undefined;
  // Models of ours that take the datatype of the request say so; the protocol has no word for it.
  if (datatype === 'ANY') return server.ours ? undefined : unusual(server, `${subject} has the datatype ANY`);
  throw new CaseFailure(`${subject} has the datatype ${JSON.stringify(datatype)}, which the protocol does not have`);
}

function shapeNote(server: ServerProfile, subject: string, shape: readonly number[]): string | undefined {
  const said = `${subject} has the shape [${shape.join(', ')}]`;
  expectThat(
    shape.every((size) => Number.isSafeInteger(size) && size >= -1),
    `${said}; a dimension is 0 or more, or -1 where it is open`,
  );
  return shape.includes(0) ? unusual(server, `${said}, which holds no element`) : undefined;
}
