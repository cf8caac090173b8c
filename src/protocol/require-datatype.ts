/** The check that both transports make of a datatype's name before anything else reads the tensor. */
import { type Datatype, datatypes, isDatatype } from './datatype.js';
import { oipError, quoteName } from './status.js';

/** Throws INVALID_ARGUMENT for what is no datatype of the protocol. */
export function requireDatatype(name: string, subject: string): Datatype {
  if (isDatatype(name)) return name;
  throw oipError(
    'INVALID_ARGUMENT',
    `${subject}: unknown datatype ${quoteName(name)}; expected one of ${datatypes.join(', ')}`,
  );
}
