/**
 * Proto files as descriptors, the form in which server reflection hands them out. protobufjs makes them; what other
 * implementations of protobuf refuse in them is put right here: the entries of maps have names of their own there, and
 * the names of types are not full. Names in JSON are missing, without which grpcurl prints `model_name` for `modelName`.
 * Source: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 */
import protobuf from 'protobufjs';
// biome-ignore lint/style/noRestrictedImports: no barrel of ours, but the one file of that part of protobufjs
import descriptor, { type IDescriptorProto, type IFileDescriptorSet } from 'protobufjs/ext/descriptor/index.js';
import { readProto } from './proto-source.js';

/** One proto file. */
export interface ProtoDescriptor {
  /** A serialized FileDescriptorProto. */
  bytes: Uint8Array;
  /** Full names of the messages. */
  messages: string[];
  /** Full names of everything that the file declares: services, methods, messages, fields, enumerations, their values. */
  symbols: string[];
}

/** What the import of the descriptors adds to protobufjs's Root. */
interface Describing {
  toDescriptor(syntax: string): IFileDescriptorSet;
}

/** The descriptor of a proto3 file of one package and no imports, by its path in proto/. */
export function describeProto(path: string): ProtoDescriptor {
  const { root, package: packageName = '' } = protobuf.parse(readProto(path), { keepCase: true });
  root.resolveAll();
  const file = (root as unknown as Describing).toDescriptor('proto3').file.find((one) => one.package === packageName);
  if (!file) throw new Error(`proto/${path} declares no package`);
  file.name = path;
  for (const message of file.messageType ?? []) nameTypes(message, root.lookupType(`${packageName}.${message.name}`));
  const members = membersOf(root.lookup(packageName) as protobuf.Namespace);
  return {
    bytes: descriptor.FileDescriptorProto.encode(file).finish(),
    messages: members.filter((member) => member instanceof protobuf.Type).map(fullName),
    symbols: members.flatMap((member) => [fullName(member), ...valuesOf(member)]),
  };
}

/** Names a message's map entries as protoc does, and gives its fields the full names of their types. */
function nameTypes(message: IDescriptorProto, type: protobuf.Type): void {
  for (const field of message.field ?? []) {
    field.jsonName = camelCase(field.name ?? '');
    const declared = type.fields[field.name ?? ''];
    if (declared instanceof protobuf.MapField) {
      const entry = message.nestedType?.find(({ name }) => name === field.typeName);
      if (!entry) throw new Error(`no entry of the map ${declared.fullName}`);
      entry.name = `${pascalCase(declared.name)}Entry`;
      field.typeName = `${type.fullName}.${entry.name}`;
      for (const part of entry.field ?? []) if (part.typeName) part.typeName = declared.resolvedType?.fullName ?? '';
    } else if (declared?.resolvedType) field.typeName = declared.resolvedType.fullName;
  }
  for (const nested of message.nestedType ?? []) {
    const nestedType = type.nested?.[nested.name ?? ''];
    if (nestedType instanceof protobuf.Type) nameTypes(nested, nestedType);
  }
}

function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, '');
}

/** Everything that is declared in a package, a message or a service, however deep. */
function membersOf(object: protobuf.ReflectionObject): protobuf.ReflectionObject[] {
  const members: protobuf.ReflectionObject[] = [];
  if (object instanceof protobuf.Namespace) members.push(...object.nestedArray);
  if (object instanceof protobuf.Type) members.push(...object.fieldsArray, ...object.oneofsArray);
  if (object instanceof protobuf.Service) members.push(...object.methodsArray);
  return members.flatMap((member) => [member, ...membersOf(member)]);
}

/** Full names of an enumeration's values, which belong to what the enumeration is declared in. */
function valuesOf(object: protobuf.ReflectionObject): string[] {
  if (!(object instanceof protobuf.Enum)) return [];
  return Object.keys(object.values).map((value) => fullName(object).replace(/[^.]*$/, value));
}
